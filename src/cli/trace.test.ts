import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMIT, HubServer } from '../../tests/fixtures/hub-server';
import { largestDifference, Reference } from '../../tests/golden/zoo';
import type { Intervention } from '../core/interventions';
import { SEGMENT_BYTES } from '../core/stored-file';
import { browserTransport } from '../models/http';
import { runTrace } from './run-trace';
import { readSafetensors, type SafetensorsFile } from './safetensors';

const TOLERANCE = 1e-4;
/** The one that loads quickest. */
const LLAMA = zoo('genai-llama');

function zoo(name: string): string {
  return fileURLToPath(new URL(`../../tests/fixtures/zoo/${name}`, import.meta.url));
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-trace-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Outcome {
  readonly status: number;
  readonly out: readonly string[];
  readonly errors: readonly string[];
  readonly progress: string;
}

/** The command in this process, on one thread and without waiting between tries. */
async function run(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const out: string[] = [];
  const errors: string[] = [];
  let progress = '';
  const status = await runTrace(argv, {
    env: { STRATA_CACHE: join(folder, 'cache'), ...env },
    runtime: {},
    transport: { ...browserTransport, wait: () => Promise.resolve(), attempts: 2 },
    progress: { write: (text) => (progress += text), terminal: true },
    print: (line) => out.push(line),
    complain: (line) => errors.push(line),
  });
  return { status, out, errors, progress };
}

async function open(path: string): Promise<SafetensorsFile> {
  return readSafetensors(new Uint8Array(await readFile(path)));
}

/** Runs the command, which has to succeed, and reads what it wrote. */
async function trace(...argv: readonly string[]): Promise<SafetensorsFile> {
  const path = join(folder, 'trace.safetensors');
  const { status, errors } = await run([...argv, '--out', path]);
  expect(errors).toEqual([]);
  expect(status).toBe(0);
  return open(path);
}

/** The one line of complaint of a command that has to fail. */
async function complaint(argv: readonly string[], env?: Readonly<Record<string, string>>): Promise<string> {
  const { status, out, errors } = await run(argv, env);
  expect({ status, out, lines: errors.length }).toEqual({ status: 1, out: [], lines: 1 });
  expect(errors[0]).toMatch(/^strata: [^\n]+\.$/);
  return errors[0]!;
}

describe('the process', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const command = (...argv: string[]): Promise<{ status: number; stdout: string; stderr: string }> =>
    new Promise((done) => {
      const args = ['--import', 'tsx', 'src/cli/trace.ts', ...argv];
      execFile(process.execPath, args, { cwd: root }, (error, stdout, stderr) =>
        done({ status: error ? Number(error.code) : 0, stdout, stderr }),
      );
    });

  it('prints the summary as the one line of its output, and ends with status 0', async () => {
    const path = join(folder, 'process.safetensors');
    const { status, stdout, stderr } = await command(
      '--model',
      LLAMA,
      '--text',
      'The capital',
      '--out',
      path,
      '--json',
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^\{.*\}\n$/);
    expect(JSON.parse(stdout)).toMatchObject({ model: 'genai-llama', hooks: { logits: [2, 512] } });
    expect((await open(path)).tensors.get('logits')?.dims).toEqual([2, 512]);
  }, 60_000);

  it('says in one line on stderr what is wrong, and ends with status 1', async () => {
    const { status, stdout, stderr } = await command('--model', './nowhere', '--text', 'a', '--out', 'x.safetensors');
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toBe('strata: There is no folder ./nowhere; a model on the hub is named owner/name.\n');
  }, 60_000);
});

describe('what is written', () => {
  const capture = 'blocks.*.hook_resid_post,blocks.*.attn.hook_pattern,logits,logit_lens';
  let reference: Reference;
  let prompt: string;

  beforeAll(async () => {
    reference = await Reference.open('zoo/genai-llama/reference.safetensors');
    prompt = (JSON.parse(reference.metadata['prompts']!) as string[])[0]!;
  });

  it('is every hook asked for, by name, as PyTorch computes it', async () => {
    const { tensors } = await trace('--model', LLAMA, '--text', prompt, '--capture', capture);
    const length = reference.tokens(0).length;
    const shapes = new Map<string, number[]>([
      ...[0, 1, 2, 3].flatMap((l): [string, number[]][] => [
        [`blocks.${l}.hook_resid_post`, [length, 64]],
        [`blocks.${l}.attn.hook_pattern`, [4, length, length]],
      ]),
      ['logits', [length, 512]],
      ['logit_lens', [5, length, 512]],
    ]);
    expect([...tensors.keys()].sort()).toEqual([...shapes.keys(), 'input_ids'].sort());
    for (const [name, dims] of shapes) {
      const written = tensors.get(name)!;
      expect({ name, dtype: written.dtype, dims: written.dims }).toEqual({ name, dtype: 'F32', dims });
      const difference = largestDifference(written.data as Float32Array, reference.get(0, name).data);
      expect(difference).toBeLessThanOrEqual(TOLERANCE);
    }
  });

  it('has the token ids as int64', async () => {
    const { tensors } = await trace('--model', LLAMA, '--text', prompt);
    const ids = tensors.get('input_ids')!;
    const tokens = reference.tokens(0);
    expect({ dtype: ids.dtype, dims: ids.dims }).toEqual({ dtype: 'I64', dims: [tokens.length] });
    expect(Array.from(ids.data as BigInt64Array)).toEqual(tokens.map(BigInt));
    expect([...tensors.keys()]).toEqual(['input_ids', 'logits']);
  });

  it('says what was run', async () => {
    const { metadata } = await trace('--model', LLAMA, '--ids', '1,2,3');
    expect(metadata).toMatchObject({ model: 'genai-llama', family: 'llama', dtype: 'fp32', interventions: '[]' });
    expect(JSON.parse(metadata['prompt']!)).toEqual({ ids: [1, 2, 3] });
    expect((JSON.parse(metadata['sha256']!) as Record<string, string>)['onnx/model.onnx']).toMatch(/^[0-9a-f]{64}$/);
  });

  it('takes the dtype asked for', async () => {
    const out = join(folder, 'half.safetensors');
    const argv = ['--model', LLAMA, '--dtype', 'fp16', '--text', prompt, '--out', out, '--json'];
    const summary = JSON.parse((await run(argv)).out[0]!) as { dtype: string };
    expect(summary.dtype).toBe('fp16');
    const { dtype, data } = (await open(out)).tensors.get('logits')!;
    expect(dtype).toBe('F32');
    const difference = largestDifference(data as Float32Array, reference.get(0, 'logits').data);
    expect(difference).toBeLessThanOrEqual(2e-2);
    expect(difference).toBeGreaterThan(TOLERANCE);
  });

  it('needs no tokenizer for ids, be it broken or not there', async () => {
    const bare = join(folder, 'bare');
    await cp(LLAMA, bare, { recursive: true });
    await writeFile(join(bare, 'tokenizer.json'), '{');
    const ids = reference.tokens(0).join(', ');
    const broken = await trace('--model', bare, '--ids', ids);
    await rm(join(bare, 'tokenizer.json'));
    const without = await trace('--model', bare, '--ids', ids);
    for (const { tensors } of [broken, without]) {
      const logits = tensors.get('logits')!.data as Float32Array;
      expect(largestDifference(logits, reference.get(0, 'logits').data)).toBeLessThanOrEqual(TOLERANCE);
    }
    const out = join(folder, 'never.safetensors');
    expect(await complaint(['--model', bare, '--text', 'a', '--out', out])).toMatch(/tokenizer/);
  });

  it('comes of a folder of links, with external data under a name of its own', async () => {
    const linked = join(folder, 'linked');
    await mkdir(join(linked, 'onnx'), { recursive: true });
    for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) {
      await symlink(join(LLAMA, name), join(linked, name));
    }
    // The same length, so that nothing else in the file moves.
    const graph = (await readFile(join(LLAMA, 'onnx/model.onnx'))).toString('latin1');
    const renamed = Buffer.from(graph.replaceAll('model.onnx_data', 'parts.onnx_data'), 'latin1');
    await writeFile(join(linked, 'onnx/model.onnx'), renamed);
    await symlink(join(LLAMA, 'onnx/model.onnx_data'), join(linked, 'onnx/parts.onnx_data'));
    const { tensors } = await trace('--model', linked, '--ids', reference.tokens(0).join());
    const logits = tensors.get('logits')!.data as Float32Array;
    expect(largestDifference(logits, reference.get(0, 'logits').data)).toBeLessThanOrEqual(TOLERANCE);
  });

  it('is summed up for people and for programs', async () => {
    const argv = ['--model', LLAMA, '--text', prompt, '--capture', capture, '--out', join(folder, 'a.safetensors')];
    const [text] = (await run(argv)).out;
    expect(text).toContain('genai-llama: llama, 4 layers, 4 heads');
    expect(text).toContain('blocks.3.attn.hook_pattern');
    const summary = JSON.parse((await run([...argv, '--json'])).out[0]!) as { hooks: Record<string, number[]> };
    const tokens = reference.tokens(0);
    const length = tokens.length;
    expect(summary).toMatchObject({ model: 'genai-llama', family: 'llama', n_layers: 4, n_heads: 4, tokens });
    expect(summary.hooks['blocks.0.attn.hook_pattern']).toEqual([4, length, length]);
    expect(summary.hooks['logit_lens']).toEqual([5, length, 512]);
    expect(Object.keys(summary.hooks).length).toBe(10);
  });
});

describe('--intervene', () => {
  let reference: Reference;
  beforeAll(async () => {
    reference = await Reference.open('zoo/genai-llama/reference.safetensors');
  });

  const PROMPT = 1;
  const vector = (name: string): number[] => Array.from(reference.get(PROMPT, name).data);

  async function intervened(intervention: Intervention, capture = 'logits'): Promise<SafetensorsFile> {
    const path = join(folder, 'interventions.json');
    await writeFile(path, JSON.stringify([intervention]));
    const ids = reference.tokens(PROMPT).join();
    return trace('--model', LLAMA, '--ids', ids, '--capture', capture, '--intervene', path);
  }

  /** `blocks.1.hook_resid_post` at position 1 once the steering vector is added. */
  function steered(): number[] {
    const stream = vector('blocks.1.hook_resid_post');
    return vector('steer.vector').map((value, index, { length }) => value + stream[length + index]!);
  }

  const AT = { hook: 'blocks.1.hook_resid_post', pos: [1] } as const;
  const cases: readonly (readonly [string, string, () => Intervention])[] = [
    ['add', 'steer.logits', () => ({ kind: 'add', ...AT, vector: vector('steer.vector') })],
    ['set', 'steer.logits', () => ({ kind: 'set', ...AT, vector: steered() })],
    [
      'ablate',
      'ablate_head_1_2.logits',
      () => ({ kind: 'ablate', hook: 'blocks.1.attn.hook_z', head: [2], mode: 'zero' }),
    ],
    [
      'knockout',
      'knockout_edge_last_to_1_layers_1_2.logits',
      () => ({ kind: 'knockout', layers: [1, 2], heads: 'all', dest: [-1], src: [1] }),
    ],
  ];
  it.each(cases)('%s gives %s', async (kind, name, intervention) => {
    const { tensors, metadata } = await intervened(intervention());
    const logits = tensors.get('logits')!.data as Float32Array;
    expect(largestDifference(logits, reference.get(PROMPT, name).data)).toBeLessThanOrEqual(TOLERANCE);
    expect(largestDifference(logits, reference.get(PROMPT, 'logits').data)).toBeGreaterThan(10 * TOLERANCE);
    expect(JSON.parse(metadata['interventions']!)).toMatchObject([{ kind }]);
  });

  it('edit adds the value as often as the key is found', async () => {
    const out = 'blocks.2.hook_mlp_out';
    const plain = await trace('--model', LLAMA, '--ids', '5,6,7', '--capture', `blocks.2.mlp.hook_post,${out}`);
    const inner = plain.tensors.get('blocks.2.mlp.hook_post')!;
    const [length, d_mlp] = inner.dims as [number, number];
    const before = plain.tensors.get(out)!.data as Float32Array;
    const d_model = before.length / length;
    const key = Array.from({ length: d_mlp }, (_, index) => Math.sin(index));
    const value = Array.from({ length: d_model }, (_, index) => Math.cos(index));
    const path = join(folder, 'edit.json');
    await writeFile(path, JSON.stringify([{ kind: 'edit', layer: 2, key, value }]));
    const { tensors } = await trace('--model', LLAMA, '--ids', '5,6,7', '--capture', out, '--intervene', path);
    const expected = before.map((x, index) => {
      const row = Math.floor(index / d_model) * d_mlp;
      const found = key.reduce((sum, k, neuron) => sum + k * Number(inner.data[row + neuron]), 0);
      return x + found * value[index % d_model]!;
    });
    expect(largestDifference(tensors.get(out)!.data as Float32Array, expected)).toBeLessThanOrEqual(TOLERANCE);
    expect(largestDifference(before, expected)).toBeGreaterThan(10 * TOLERANCE);
  });

  it.each([
    ['{', 'bad.json is not JSON'],
    ['{}', 'Interventions must be a JSON list'],
    ['[{"kind":"sing"}]', 'Intervention 1: "kind" must be one of'],
    ['[{"kind":"add","hook":"blocks.0.nothing","vector":[1]}]', 'no hook named "blocks.0.nothing"'],
    ['[{"kind":"add","hook":"blocks.0.hook_resid_post","vector":[1]}]', 'needs 64 numbers, not 1'],
  ])('refuses %s', async (json, words) => {
    const path = join(folder, 'bad.json');
    await writeFile(path, json);
    const argv = ['--model', LLAMA, '--ids', '1', '--intervene', path, '--out', join(folder, 'x')];
    expect(await complaint(argv)).toContain(words);
  });

  it('names a file that is not there', async () => {
    const argv = ['--model', LLAMA, '--ids', '1', '--intervene', 'none.json', '--out', join(folder, 'x')];
    expect(await complaint(argv)).toBe('strata: none.json cannot be read.');
  });
});

describe('what cannot be done', () => {
  const out = ['--out', '/dev/null'];
  it.each([
    ['--model is missing', ['--text', 'a', ...out]],
    ['Give either --text or --ids', ['--model', LLAMA, ...out]],
    ['Give either --text or --ids', ['--model', LLAMA, '--text', 'a', '--ids', '1', ...out]],
    ['--ids must be whole numbers', ['--model', LLAMA, '--ids', '1,b', ...out]],
    ['--out is missing', ['--model', LLAMA, '--ids', '1']],
    ['--dtype int3 is not one of', ['--model', LLAMA, '--ids', '1', '--dtype', 'int3', ...out]],
    [
      '--dtype bnb4 is a precision that Strata does not read; choose one of fp32',
      ['--model', LLAMA, '--ids', '1', '--dtype', 'bnb4', ...out],
    ],
    [
      'There is no int8 model file; there is fp32, fp16, q4',
      ['--model', LLAMA, '--ids', '1', '--dtype', 'int8', ...out],
    ],
    ['--sing', ['--model', LLAMA, '--ids', '1', '--sing', ...out]],
    ['--hub ftp://a is not a web address', ['--model', LLAMA, '--ids', '1', '--hub', 'ftp://a', ...out]],
    ['./nowhere/x cannot be written', ['--model', LLAMA, '--ids', '1', '--out', './nowhere/x']],
    ['--revision is for hub models', ['--model', LLAMA, '--ids', '1', '--revision', 'v1', ...out]],
    ['Give the revision once', ['--model', 'a/b@main', '--ids', '1', '--revision', 'v1', ...out]],
    ['is a file', ['--model', join(LLAMA, 'config.json'), '--ids', '1', ...out]],
    ['There is no config.json', ['--model', join(LLAMA, 'onnx'), '--ids', '1', ...out]],
    ['There is no q8 model file; there is fp32, fp16, q4', ['--model', LLAMA, '--ids', '1', '--dtype', 'q8', ...out]],
    ['512', ['--model', LLAMA, '--ids', '512', ...out]],
    ['200', ['--model', LLAMA, '--ids', Array(200).fill(1).join(), ...out]],
    [
      'blocks.9.hook_resid_pre',
      ['--model', LLAMA, '--ids', '1', '--capture', 'hook_embed,blocks.9.hook_resid_pre', ...out],
    ],
  ])('%s', async (words, argv) => {
    expect(await complaint(argv)).toContain(words);
  });

  it('names the hook that a parallel family does not have', async () => {
    const argv = ['--model', zoo('optimum-gpt_neox'), '--ids', '1', '--capture', 'blocks.*.hook_resid_mid', ...out];
    expect(await complaint(argv)).toContain('has no hook blocks.*.hook_resid_mid: ');
  });

  it('names the attention that a convolution layer does not have', async () => {
    const model = fileURLToPath(new URL('../../tests/fixtures/families/lfm2', import.meta.url));
    const argv = ['--model', model, '--ids', '1', '--capture', 'blocks.0.attn.hook_pattern', ...out];
    expect(await complaint(argv)).toContain('has no hook blocks.0.attn.hook_pattern: ');
  });

  it('explains itself when asked', async () => {
    const { status, out: lines } = await run(['--help']);
    expect(status).toBe(0);
    for (const option of ['--model', '--revision', '--hub', '--dtype', '--capture', '--intervene', '--json']) {
      expect(lines[0]).toContain(option);
    }
  });

  it('says what every kind of intervention does, and its example can be run', async () => {
    const { out: lines } = await run(['--help']);
    const kinds: readonly Intervention['kind'][] = ['add', 'set', 'scale', 'ablate', 'knockout', 'edit'];
    for (const kind of kinds) expect(lines[0]).toMatch(new RegExp(`^ {2}${kind} +\\w.{15,}$`, 'm'));
    const example = /^ {2}(\[\{[\s\S]*?\}\])$/m.exec(lines[0]!)![1]!;
    const path = join(folder, 'example.json');
    await writeFile(path, example);
    const last = async (...more: string[]) =>
      (await trace('--model', zoo('optimum-gpt2'), '--ids', '5,6,7', ...more)).tensors.get('logits')!.data.slice(-5);
    expect(await last('--intervene', path)).not.toEqual(await last());
  });
});

describe('hub models', () => {
  const REPO = 'someone/llama';
  const GATED = 'someone/gated';
  let hub: HubServer;
  let files: Map<string, Uint8Array>;
  let cache: string;

  beforeAll(async () => {
    files = new Map();
    for (const path of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx']) {
      files.set(path, new Uint8Array(await readFile(join(LLAMA, path))));
    }
    // Larger than it need be, and than a segment: a download that breaks off leaves something to go on from.
    const weights = new Uint8Array(2 * SEGMENT_BYTES + 12_345);
    weights.set(await readFile(join(LLAMA, 'onnx/model.onnx_data')));
    files.set('onnx/model.onnx_data', weights);
    hub = await HubServer.start({ repositories: { [REPO]: files, [GATED]: files }, gated: { [GATED]: 'hf_secret' } });
  });
  afterAll(() => hub.close());
  beforeEach(async () => {
    cache = await mkdtemp(join(folder, 'cache-'));
    hub.requests.length = 0;
  });

  const argv = (model: string, ...more: string[]): string[] => {
    const path = join(cache, 'trace.safetensors');
    return ['--model', model, '--hub', hub.url.slice(0, -1), '--ids', '1,2,3', '--out', path, '--json', ...more];
  };
  const ask = (model: string, ...more: string[]): Promise<Outcome> =>
    run(argv(model, ...more), { STRATA_CACHE: cache });
  const fail = (model: string, ...more: string[]): Promise<string> =>
    complaint(argv(model, ...more), { STRATA_CACHE: cache });

  it('are fetched once, checked and run', async () => {
    const first = await ask(REPO);
    expect(first.errors).toEqual([]);
    expect(JSON.parse(first.out[0]!)).toMatchObject({ model: REPO, revision: COMMIT, hooks: { logits: [3, 512] } });
    expect(first.progress).toMatch(/Downloading: \d+ % of/);
    expect(first.progress.endsWith('\r\u001b[2K')).toBe(true);
    const { metadata, tensors } = await open(join(cache, 'trace.safetensors'));
    expect(metadata).toMatchObject({ model: REPO, revision: COMMIT });
    const local = await trace('--model', LLAMA, '--ids', '1,2,3');
    const logits = tensors.get('logits')!.data as Float32Array;
    expect(largestDifference(logits, local.tensors.get('logits')!.data as Float32Array)).toBe(0);

    hub.requests.length = 0;
    const again = await ask(`${REPO}@main`);
    expect(again.status).toBe(0);
    expect(again.progress).toBe('');
    expect(hub.requests.filter(({ path }) => !path.startsWith('/api/'))).toEqual([]);
  });

  it('are asked for at a revision, in either way', async () => {
    const ways: readonly (readonly [string, ...string[]])[] = [[`${REPO}@${COMMIT}`], [REPO, '--revision', COMMIT]];
    for (const way of ways) {
      hub.requests.length = 0;
      expect((await ask(...way)).errors).toEqual([]);
      if (way === ways[0]) expect(hub.requests).not.toEqual([]);
      for (const { path } of hub.requests) expect(path).toContain(COMMIT);
    }
    // A commit that was looked up once is never asked for again.
    expect(hub.requests).toEqual([]);
    expect(await fail(`${REPO}@v9`)).toContain(`has no ${REPO} with a revision v9`);
  });

  it('go on where a download broke off', async () => {
    const drop = { kind: 'drop', after: SEGMENT_BYTES + 1000 } as const;
    // Neither its rest nor the whole of it is there for a while.
    hub.fail('onnx/model.onnx_data', drop, { kind: 'status', status: 404 }, { kind: 'status', status: 404 });
    expect(await fail(REPO)).toContain('404');
    hub.requests.length = 0;
    expect((await ask(REPO)).errors).toEqual([]);
    const asked = hub.requests.filter(({ path }) => path.endsWith('model.onnx_data'));
    expect(asked.map(({ range }) => range)).toEqual([`bytes=${SEGMENT_BYTES}-`, `bytes=${SEGMENT_BYTES}-`]);
  });

  it('are not taken when their bytes are wrong', async () => {
    hub.fail('onnx/model.onnx', { kind: 'corrupt' });
    expect(await fail(REPO)).toBe('strata: onnx/model.onnx is not the file it should be (wrong checksum).');
    expect((await ask(REPO)).errors).toEqual([]);
  });

  it('are looked for and not found', async () => {
    expect(await fail('someone/nothing')).toContain('has no someone/nothing with a revision main');
    expect(await fail(REPO, '--dtype', 'q4')).toBe('strata: There is no q4 model file; there is fp32.');
    hub.fail('config.json', { kind: 'status', status: 404 });
    expect(await fail(REPO)).toContain('config.json answered with HTTP status 404');
  });

  it('are opened with the token of the environment, which goes to the hub alone', async () => {
    expect(await fail(GATED)).toContain('put your token in HF_TOKEN');
    const wrong = await complaint(argv(GATED), { STRATA_CACHE: cache, HF_TOKEN: 'hf_wrong' });
    expect(wrong).toContain(`accept its terms at ${hub.url}${GATED} first`);
    const odd = await complaint(argv(GATED), { STRATA_CACHE: cache, HF_TOKEN: 'two\nlines' });
    expect(odd).toBe('strata: HF_TOKEN is not a token.');
    hub.requests.length = 0;
    const right = await run(argv(GATED), { STRATA_CACHE: cache, HF_TOKEN: ' hf_secret\n' });
    expect(right.errors).toEqual([]);
    expect(hub.requests).not.toEqual([]);
    for (const { path, authorization } of hub.requests) {
      expect({ path, authorization }).toEqual({
        path,
        authorization: path.startsWith('/resolve-cache/') ? undefined : 'Bearer hf_secret',
      });
    }
  });

  it('open without the hub once they are stored', async () => {
    expect((await ask(REPO)).errors).toEqual([]);
    hub.fail('api', { kind: 'status', status: 503 }, { kind: 'status', status: 503 });
    const { status, errors } = await ask(REPO);
    expect({ status, errors }).toEqual({ status: 0, errors: [] });
  });

  it('run even where nothing can be kept, and that is said', async () => {
    const file = join(cache, 'a-file');
    await writeFile(file, '');
    const { status, progress } = await run(argv(REPO), { STRATA_CACHE: file });
    expect(status).toBe(0);
    expect(progress).toContain('The model cannot be kept on this disk');
    expect(await readdir(cache)).toEqual(['a-file', 'trace.safetensors']);
  });

  it('give way to a folder of the same name', async () => {
    const before = process.cwd();
    await mkdir(join(cache, 'someone'), { recursive: true });
    await symlink(resolve(LLAMA), join(cache, REPO));
    process.chdir(cache);
    try {
      expect((await ask(REPO)).errors).toEqual([]);
    } finally {
      process.chdir(before);
    }
    expect(hub.requests).toEqual([]);
  });
});
