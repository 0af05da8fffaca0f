import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROMPTS } from '../../tests/contract/parity';
import { Reference } from '../../tests/golden/zoo';
import { blockHook } from '../core/hooks';
import { softmax } from '../core/numerics';
import { slice } from '../core/tensor';
import { runProbes } from './run-probes';

const GPT2 = fileURLToPath(new URL('../../tests/fixtures/zoo/optimum-gpt2', import.meta.url));
const ATLAS = fileURLToPath(new URL('../../public/models/atlas', import.meta.url));
/** The first prompt of the fixture's reference. */
const PROMPT = PROMPTS[0]!;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strata-probe-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(...argv: readonly string[]) {
  const out: string[] = [];
  const errors: string[] = [];
  const status = await runProbes(argv, {
    env: {},
    runtime: {},
    progress: { write: () => undefined, terminal: false },
    print: (line) => out.push(line),
    complain: (line) => errors.push(line),
  });
  return { status, out, errors };
}

async function probe(id: string, ending: string, ...argv: readonly string[]): Promise<string> {
  const path = join(folder, `out.${ending}`);
  const { status, errors } = await run('--model', GPT2, '--probe', id, '--out', path, ...argv);
  expect({ status, errors }).toEqual({ status: 0, errors: [] });
  return readFile(path, 'utf8');
}

interface Written {
  readonly probe: string;
  readonly options: unknown;
  readonly fact?: unknown;
  readonly result: Record<string, unknown> & { readonly rows: readonly Record<string, number | string>[] };
}

describe('npm run probe', () => {
  it('asks Atlas as it was early in its training, and says which checkpoints there are', async () => {
    const asked = async (model: string) => {
      const out = join(folder, 'checkpoint.json');
      const fact = ['--text', 'The capital of France is', '--answer', 'Paris'];
      const { status, errors } = await run('--model', model, '--probe', 'emergence', '--out', out, ...fact);
      if (status !== 0) return errors.join('\n');
      const { model: name, result } = JSON.parse(await readFile(out, 'utf8')) as Written & { readonly model: string };
      return { name, p: Number(result.rows.at(-1)!['p']) };
    };
    expect(await asked('atlas')).toMatchObject({ name: 'atlas', p: expect.closeTo(1, 1) as number });
    expect(await asked('atlas@16')).toMatchObject({ name: 'atlas@16', p: expect.closeTo(0, 2) as number });
    expect(await asked('atlas@17')).toContain('There is no atlas@17: it was saved after the steps 16, 34, 70, 147,');
  });

  it('writes the emergence of a fact, held to PyTorch’s logits at the output', async () => {
    const written = JSON.parse(await probe('emergence', 'json', '--text', PROMPT, '--answer', ' the')) as Written;
    const { rows } = written.result;
    expect(rows.map(({ depth }) => depth)).toEqual([0, 1, 2, 3, 4]);
    const reference = await Reference.open('zoo/optimum-gpt2/reference.safetensors');
    const logits = softmax(slice(reference.get(0, 'logits'), 0, -1));
    const id = Number(rows.at(-1)!['topId']);
    expect(Number(rows.at(-1)!['topP'])).toBeCloseTo(logits[id]!, 4);
    expect([...logits].every((p) => p <= logits[id]!)).toBe(true);
    expect(written).toMatchObject({ probe: 'emergence', fact: { prompt: PROMPT }, options: { position: 'answer' } });
  });

  it('writes attention as rows that agree with PyTorch’s patterns', async () => {
    const { result } = JSON.parse(await probe('attention', 'json', '--text', PROMPT)) as Written;
    const reference = await Reference.open('zoo/optimum-gpt2/reference.safetensors');
    expect(result.rows.length).toBeGreaterThan(0);
    for (const { layer, head, dest, src, weight } of result.rows) {
      const pattern = slice(
        reference.get(0, blockHook(Number(layer), 'attn.hook_pattern')),
        0,
        Number(head),
        Number(dest),
      );
      expect(Number(weight)).toBeCloseTo(pattern[Number(src)]!, 4);
    }
  });

  it('writes rows as CSV: the lens of every cell, a score line for every head', async () => {
    const lens = (await probe('lens', 'csv', '--text', PROMPT)).trimEnd().split('\r\n');
    expect(lens[0]).toBe('depth,position,p,rank,top,topId,topP,entropyBits,klBits');
    const tokens = new Set(lens.slice(1).map((line) => line.split(',')[1])).size;
    expect(lens).toHaveLength(1 + 5 * tokens);
    const heads = (await probe('heads', 'csv')).trimEnd().split('\r\n');
    expect(heads).toHaveLength(1 + 16);
  });

  it('answers a list of facts in one go', async () => {
    const set = join(folder, 'facts.json');
    const facts = [
      { prompt: PROMPT, answers: ['the'], subject: 'France' },
      { prompt: 'The capital of Spain is', answers: ['the'] },
    ];
    await writeFile(set, JSON.stringify(facts));
    const { results } = JSON.parse(await probe('emergence', 'json', '--set', set)) as {
      results: readonly { readonly fact: { readonly prompt: string; readonly subject?: readonly number[] } }[];
    };
    expect(results.map(({ fact }) => fact.prompt)).toEqual(facts.map(({ prompt }) => prompt));
    expect(results[0]!.fact.subject).toEqual([15, 21]);
    const csv = await probe('emergence', 'csv', '--set', set);
    expect(csv.split('\r\n')[1]).toMatch(/^"The capital of [A-Z]\w+ is",0,/);
  });

  it('leaves out the token that begins a text when told so', async () => {
    const asked = ['--model', ATLAS, '--text', 'The capital of France is', '--answer', 'Paris'];
    const positions = async (...more: string[]) => {
      const { result } = JSON.parse(await probe('lens', 'json', ...asked, ...more)) as Written;
      return new Set(result.rows.map(({ position }) => position)).size;
    };
    expect(await positions('--bos', 'without')).toBe((await positions('--bos', 'with')) - 1);
  });

  it('names every probe with its options', async () => {
    const { out } = await run('--list');
    const ids = await readdir(new URL('../probes/', import.meta.url));
    expect(ids).toContain('lens');
    for (const id of ids) expect(out[0]).toContain(`  ${id}: `);
    expect(out[0]).toContain('    position ("answer")');
  });

  it.each([
    [['--probe', 'astrology', '--text', 'x'], /--probe astrology is not one of .*\blens\b/],
    [['--probe', 'lens'], /Give either --text or --set/],
    [['--probe', 'heads', '--text', 'x'], /is about the model itself/],
    [['--probe', 'lens', '--text', 'x', '--options', '{"k":0}'], /"k" must be a whole number from 1 to 50/],
    [['--probe', 'lens', '--text', 'x', '--options', '{'], /--options is not JSON/],
    [['--probe', 'lens', '--text', 'abc', '--subject', 'z'], /The subject "z" does not stand in "abc"/],
    [['--probe', 'lens', '--text', 'abc', '--form', 'poem'], /--form must be one of text, chat/],
    [['--probe', 'lens', '--text', 'abc', '--bos', 'perhaps'], /--bos must be with or without/],
    [['--probe', 'lens', '--set', 'nowhere.json'], /nowhere\.json cannot be read/],
    [['--text', 'x'], /--probe is missing/],
  ])('complains in one line: %j', async (argv, expected) => {
    const { status, errors } = await run('--model', GPT2, '--out', join(folder, 'x.json'), ...argv);
    expect([status, errors.length]).toEqual([1, 1]);
    expect(errors[0]).toMatch(expected);
  });
});
