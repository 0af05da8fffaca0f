import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HubServer } from '../../tests/fixtures/hub-server';
import { zip } from '../../tests/fixtures/zip';
import { StrataError } from '../core/errors';
import type { ModelFiles } from '../core/model';
import { checkSafety } from '../onnx/safety';
import { emitModel, SOURCE_LOCATION } from '../onnx/emit';
import { scanModel } from '../onnx/scan';
import { folderChoice } from './choices';
import { openChosen, openTree, type ChosenFolder } from './chosen-files';
import { modelsIn, openRepository, storeHub } from './hub';
import { openModel } from './open-model';
import { MemoryStore } from './storage';
import { deleteStored, listStored } from './stored-models';

const ZOO = fileURLToPath(new URL('../../tests/fixtures/zoo/', import.meta.url));
const root = new URL('http://localhost:9/');

type Files = ReadonlyMap<string, Uint8Array>;

function zoo(name: string): Map<string, Uint8Array> {
  const folder = join(ZOO, name);
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries.map(({ parentPath, name: file }) => {
      const path = join(parentPath, file);
      return [path.slice(folder.length + 1).replaceAll('\\', '/'), new Uint8Array(readFileSync(path))];
    }),
  );
}

/** Llama as ONNX Runtime GenAI exports it: the weights in a file of their own. */
const llama = zoo('genai-llama');
const graph = llama.get('onnx/model.onnx')!;
const weights = llama.get('onnx/model.onnx_data')!;
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const small = ['config.json', 'tokenizer.json', 'tokenizer_config.json'].map(
  (path) => [path, llama.get(path)!] as const,
);

/** The same graph, calling its files of weights otherwise. */
function relocated(locate: (tensor: number) => string, perTensor = false): { bytes: Uint8Array; files: Files } {
  const model = scanModel(graph);
  const files = new Map<string, Uint8Array>();
  const initializers = model.graph.initializers.map((tensor, index) => {
    const { data } = tensor;
    if (data.kind !== 'external') return tensor;
    const location = locate(index);
    const own = weights.subarray(data.offset, data.offset + data.length);
    files.set(location, perTensor ? own : weights);
    return { ...tensor, data: { ...data, location, offset: perTensor ? 0 : data.offset } };
  });
  const outputs = model.graph.outputs.map(({ name }) => name);
  const { bytes, usesSource } = emitModel(model, { ...model.graph, initializers, outputs });
  if (usesSource) files.set(SOURCE_LOCATION, graph);
  return { bytes, files };
}

const blobs = (files: Files): Map<string, Blob> =>
  new Map([...files].map(([path, bytes]) => [path, new Blob([new Uint8Array(bytes)])]));

function openOnly(folder: ChosenFolder): Promise<ModelFiles> {
  expect(folder.models).toHaveLength(1);
  const [{ dtype, graph: path }] = folder.models as [ChosenFolder['models'][number]];
  return openModel(folderChoice(folder, dtype, path).source, { root, store: new MemoryStore() });
}

function failure(work: () => unknown): StrataError {
  try {
    work();
  } catch (cause) {
    if (cause instanceof StrataError) return cause;
    throw cause;
  }
  throw new Error('Nothing was thrown.');
}

/** Every weight that the graph names is there, and holds what it held. */
function expectWhole({ graph: { bytes }, external }: ModelFiles): void {
  const model = scanModel(bytes);
  checkSafety(model, external);
  const before = scanModel(graph).graph.initializers;
  let compared = 0;
  for (const [index, { data }] of model.graph.initializers.entries()) {
    const was = before[index]!.data;
    if (data.kind !== 'external' || was.kind !== 'external') continue;
    const content = external.get(data.location)!.subarray(data.offset, data.offset + data.length);
    expect(Buffer.compare(content, weights.subarray(was.offset, was.offset + was.length))).toBe(0);
    compared++;
  }
  expect(compared).toBeGreaterThan(10);
}

const WAYS: readonly (readonly [string, () => Map<string, Uint8Array>])[] = [
  [
    'a way that begins with a dot',
    () =>
      at(
        'onnx/model.onnx',
        relocated(() => './model.onnx_data'),
      ),
  ],
  [
    'a way that goes round',
    () =>
      at(
        'onnx/model.onnx',
        relocated(() => 'x/../weights.bin'),
      ),
  ],
  [
    'backslashes',
    () =>
      at(
        'onnx/model.onnx',
        relocated(() => '.\\data\\weights'),
      ),
  ],
  [
    'another name',
    () =>
      at(
        'onnx/model_q4.onnx',
        relocated(() => 'model.onnx_data'),
      ),
  ],
  [
    'a file for every tensor',
    () =>
      at(
        'onnx/model.onnx',
        relocated((index) => `model.layers.${index}.weight`, true),
      ),
  ],
  [
    'a folder of another machine',
    () =>
      moved(
        'onnx/model.onnx',
        relocated(() => '/home/someone/model.onnx.data'),
      ),
  ],
];

/** A model's folder with this graph, and its weights where the graph says. */
function at(path: string, { bytes, files }: ReturnType<typeof relocated>): Map<string, Uint8Array> {
  const names = [...files].map(
    ([name, content]) => [new URL(name.replaceAll('\\', '/'), 'http://x/onnx/').pathname.slice(1), content] as const,
  );
  return new Map([...small, [path, bytes], ...names]);
}

/** The same, where only the weights' own name is left of what the graph says. */
function moved(path: string, { bytes, files }: ReturnType<typeof relocated>): Map<string, Uint8Array> {
  const names = [...files].map(([name, content]) => [`onnx/${name.split('/').pop()}`, content] as const);
  return new Map([...small, [path, bytes], ...names]);
}

describe.each(WAYS)('weights beside the graph, by %s', (_way, files) => {
  it('are found in a folder', async () => {
    const inFolder = [...files()].map(([path, content]) => [`mine/${path}`, content] as const);
    expectWhole(await openOnly(openTree(blobs(new Map(inFolder)))));
  });

  it('are found in an archive', async () => {
    const packed = zip([...files()].map(([path, content]) => ({ path: `deep/er/${path}`, content })));
    expectWhole(await openOnly(await openChosen([new File([packed], 'mine.zip')])));
  });

  it('are found on the hub, opened at once or stored before', async () => {
    const hub = await HubServer.start({ repositories: { 'zoo/mine': files() } });
    try {
      const [which] = modelsIn(await openRepository('zoo/mine', 'main', { store: new MemoryStore(), base: hub.url }));
      const source = { kind: 'hub', repo: 'zoo/mine', revision: 'main', ...which! } as const;
      expectWhole(await openModel(source, { root, store: new MemoryStore(), hubBase: hub.url }));

      const store = new MemoryStore();
      await storeHub(await openRepository('zoo/mine', 'main', { store, base: hub.url }), which!, {
        store,
        base: hub.url,
      });
      const [stored, ...others] = await listStored(store);
      expect(others).toEqual([]);
      hub.requests.length = 0;
      const again = await openModel({ ...source, revision: stored!.hub!.commit }, { root, store, hubBase: hub.url });
      expectWhole(again);
      expect(hub.requests).toEqual([]);
      expect(stored).toMatchObject({ complete: true, bytes: again.provenance.bytes });
      // Asked anew, the hub does not make it forgotten which files are the model's.
      await openModel(source, { root, store, hubBase: hub.url });
      await deleteStored(store, (await listStored(store))[0]!);
      expect(await store.list()).toEqual([]);
    } finally {
      await hub.close();
    }
  });
});

describe('vocab.json and merges.txt in place of tokenizer.json', () => {
  const { model: bpe } = JSON.parse(
    readFileSync(new URL('../../tests/fixtures/zoo/optimum-gpt2/tokenizer.json', import.meta.url), 'utf8'),
  ) as { model: { vocab: Record<string, number>; merges: (string | [string, string])[] } };
  const merges = bpe.merges.map((pair) => (typeof pair === 'string' ? pair : pair.join(' ')));
  const files = (): Map<string, Uint8Array> =>
    new Map([
      ['config.json', text(JSON.stringify({ model_type: 'gpt2' }))],
      ['vocab.json', text(JSON.stringify(bpe.vocab))],
      ['merges.txt', text(['#version: 0.2', ...merges, ''].join('\n'))],
      ['onnx/model.onnx', graph],
      ['onnx/model.onnx_data', weights],
    ]);
  const read = ({ tokenizer }: ModelFiles) => tokenizer?.tokenizerJson['model'];

  it('are read from a folder, an archive and the hub', async () => {
    const inFolder = await openOnly(
      openTree(blobs(new Map([...files()].map(([path, bytes]) => [`mine/${path}`, bytes])))),
    );
    const packed = zip([...files()].map(([path, content]) => ({ path: `mine/${path}`, content })));
    const inArchive = await openOnly(await openChosen([new File([packed], 'mine.zip')]));
    const hub = await HubServer.start({ repositories: { 'zoo/mine': files() } });
    try {
      const source = { kind: 'hub', repo: 'zoo/mine', revision: 'main', dtype: 'fp32' } as const;
      const onHub = await openModel(source, { root, store: new MemoryStore(), hubBase: hub.url });
      for (const opened of [inFolder, inArchive, onHub])
        expect(read(opened)).toMatchObject({ vocab: bpe.vocab, merges });
    } finally {
      await hub.close();
    }
  });

  it('are none where tokens were added beside them, so that the page says how to get one', async () => {
    const added = new Map([...files(), ['added_tokens.json', text('{"<x>": 512}')] as const]);
    expect((await openOnly(openTree(blobs(added)))).tokenizer).toBeUndefined();
  });
});

describe('weights that are not there', () => {
  it('are named as the graph names them', async () => {
    const files = at(
      'onnx/model.onnx',
      relocated(() => 'weights.bin'),
    );
    files.delete('onnx/weights.bin');
    const model = await openOnly(openTree(blobs(files)));
    expect(failure(() => checkSafety(scanModel(model.graph.bytes), model.external))).toMatchObject({
      code: 'missing-file',
      details: { reason: 'weights', file: 'weights.bin' },
    });
  });
});

const GENAI = text(
  JSON.stringify({
    model: {
      type: 'llama',
      vocab_size: 512,
      context_length: 128,
      bos_token_id: 0,
      eos_token_id: [0, 3],
      decoder: { hidden_size: 64, num_attention_heads: 4, num_hidden_layers: 4, num_key_value_heads: 2, head_size: 16 },
    },
  }),
);
const tokenizer = small.filter(([path]) => path !== 'config.json');
const named = (path: string) => ({ [path]: graph, [path.replace(/[^/]*$/, 'model.onnx_data')]: weights });

describe('folders of ONNX Runtime GenAI', () => {
  it('say in genai_config.json what config.json would', async () => {
    const files = new Map([...tokenizer, ['genai_config.json', GENAI], ...Object.entries(named('model.onnx'))]);
    const model = await openOnly(openTree(blobs(files as Files as Map<string, Uint8Array>)));
    expect(model.config).toEqual({
      model_type: 'llama',
      vocab_size: 512,
      max_position_embeddings: 128,
      bos_token_id: 0,
      eos_token_id: [0, 3],
      hidden_size: 64,
      num_attention_heads: 4,
      num_hidden_layers: 4,
      num_key_value_heads: 2,
      head_dim: 16,
    });
    expectWhole(model);
  });

  it('name their graph as they like, deep inside a repository', async () => {
    const deep = 'cpu_and_mobile/cpu-int4-rtn-block-32/';
    const own = small.map(([path, content]) => [deep + path, content] as const);
    const files = new Map([...small, ...own, ...Object.entries(named(`${deep}tiny-instruct-int4.onnx`))]);
    const inFolder = new Map([...files].map(([path, content]) => [`repo/${path}`, content]));
    const folder = openTree(blobs(inFolder));
    expect(folder.models).toEqual([{ dtype: 'q4', graph: 'tiny-instruct-int4.onnx' }]);
    expectWhole(await openOnly(folder));
    const hub = await HubServer.start({ repositories: { 'zoo/deep': files } });
    try {
      const store = new MemoryStore();
      const offered = modelsIn(await openRepository('zoo/deep', 'main', { store, base: hub.url }));
      expect(offered).toMatchObject([{ dtype: 'q4', graph: `${deep}tiny-instruct-int4.onnx` }]);
      const source = { kind: 'hub', repo: 'zoo/deep', revision: 'main', ...offered[0]! } as const;
      expectWhole(await openModel(source, { root, store, hubBase: hub.url }));
    } finally {
      await hub.close();
    }
  });

  it('offer every model where there are several', async () => {
    const several = new Map<string, Uint8Array>([
      ['cpu/genai_config.json', GENAI],
      ['cuda/genai_config.json', GENAI],
      ...tokenizer.map(([path, content]) => [`cpu/${path}`, content] as const),
      ...tokenizer.map(([path, content]) => [`cuda/${path}`, content] as const),
      ...Object.entries(named('cpu/model.onnx')),
      ...Object.entries(named('cuda/fp16.onnx')),
    ]);
    const folder = openTree(blobs(new Map([...several].map(([path, content]) => [`both/${path}`, content]))));
    expect(folder.name).toBe('both');
    expect(folder.models).toEqual([
      { dtype: 'fp32', graph: 'cpu/model.onnx' },
      { dtype: 'fp16', graph: 'cuda/fp16.onnx' },
    ]);
    for (const { dtype, graph: path } of folder.models) {
      const model = await openModel(folderChoice(folder, dtype, path).source, { root, store: new MemoryStore() });
      expectWhole(model);
      expect(model.tokenizer).toBeDefined();
    }
  });

  it('two graphs of any name are two models, and parts of other models are none', () => {
    const paths = ['config.json', 'a.onnx', 'b_int8.onnx', 'vision_encoder.onnx', '__MACOSX/._a.onnx', '.cache/c.onnx'];
    const folder = openTree(new Map(paths.map((path) => [`mine/${path}`, new Blob(['{}'])])));
    expect(folder.models).toEqual([
      { dtype: 'fp32', graph: 'a.onnx' },
      { dtype: 'int8', graph: 'b_int8.onnx' },
    ]);
  });

  it('usual names go before others of the same folder', () => {
    const paths = ['config.json', 'onnx/model.onnx', 'onnx/config.json', 'onnx/model_q4.onnx', 'other.onnx'];
    const folder = openTree(new Map(paths.map((path) => [`mine/${path}`, new Blob(['{}'])])));
    expect(folder.models).toEqual([{ dtype: 'fp32' }, { dtype: 'q4' }]);
  });
});

describe('the hub’s cache', () => {
  const snapshot = 'models--owner--name/snapshots/0123456789abcdef0123456789abcdef01234567/';
  const blob = `models--owner--name/blobs/${'a'.repeat(64)}`;

  it('opens where its links are followed, under the model’s name', async () => {
    const files = new Map([...small, ...Object.entries(named('onnx/model.onnx'))]);
    const folder = openTree(
      blobs(new Map([[blob, text('x')], ...[...files].map(([path, content]) => [snapshot + path, content] as const)])),
    );
    expect(folder.name).toBe('owner/name');
    expectWhole(await openOnly(folder));
  });

  it('says so where nothing is left of a folder of links', async () => {
    await expect(openChosen([])).rejects.toMatchObject({ details: { reason: 'empty' } });
  });

  it('says what it is where they are not', () => {
    const files = blobs(
      new Map([
        [blob, text('x')],
        ['models--owner--name/refs/main', text('0')],
      ]),
    );
    expect(failure(() => openTree(files)).details).toMatchObject({ reason: 'hub-cache', repo: 'owner/name' });
  });
});

describe('files that are no model', () => {
  it.each([
    [['past.onnx'], { reason: 'graph-alone', graph: 'past.onnx' }],
    [['onnx/model.onnx', 'onnx/model.onnx_data'], { reason: 'onnx-folder' }],
    [
      ['m/config.json', 'm/tokenizer.json', 'm/model.safetensors'],
      { reason: 'other-format', other: 'model.safetensors' },
    ],
    [['m/config.json', 'm/pytorch_model-00001-of-00002.bin'], { reason: 'other-format' }],
    [['phi.Q4_K_M.gguf'], { reason: 'other-format', other: 'phi.Q4_K_M.gguf' }],
    [['m/config.json', 'm/tokenizer.json'], { reason: 'no-graph' }],
    [['photo.jpg'], { reason: 'no-graph' }],
    [['m/config.json', 'm/onnx/model_bnb4.onnx'], { reason: 'unread', dtypes: 'bnb4' }],
  ])('%j', (paths, details) => {
    const error = failure(() => openTree(new Map(paths.map((path) => [path, new Blob(['{}'])]))));
    expect(error).toMatchObject({ code: 'missing-file', details });
  });

  const POINTER = text(`version https://git-lfs.github.com/spec/v1\noid sha256:${'0'.repeat(64)}\nsize 548105171\n`);
  const open = (change: readonly (readonly [string, Uint8Array])[]) =>
    openOnly(openTree(blobs(new Map([...small, ...Object.entries(named('onnx/model.onnx')), ...change]))));

  it.each(['onnx/model.onnx', 'onnx/model.onnx_data', 'tokenizer.json', 'config.json'])(
    'a pointer of Git LFS in place of %s',
    async (path) => {
      await expect(open([[path, POINTER]])).rejects.toMatchObject({
        code: 'not-a-model-file',
        details: { file: path, found: 'lfs-pointer', bytes: 548105171 },
      });
    },
  );

  it('a web page in place of the graph', async () => {
    const page = text('\n<!DOCTYPE html><html></html>');
    await expect(open([['onnx/model.onnx', page]])).rejects.toMatchObject({ details: { found: 'html' } });
  });

  it('config.json as Python writes it is read', async () => {
    const config = new TextDecoder().decode(llama.get('config.json'));
    const model = await open([['config.json', text(config.replace('{', '{"limits": [0, Infinity, NaN],'))]]);
    expect(model.config).toMatchObject({ model_type: 'llama', limits: [0, Infinity, null] });
  });
});
