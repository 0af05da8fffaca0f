import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serveFolder } from '../../.config/build/static-server.mjs';
import { COMMIT, HubServer } from '../../tests/fixtures/hub-server';
import { zip } from '../../tests/fixtures/zip';
import { StrataError } from '../core/errors';
import type { Dtype } from '../core/model';
import type { LoadProgress } from '../core/model-api';
import { checkPlace } from './check-keys';
import { openChosen, openTree } from './chosen-files';
import { browserTransport } from './http';
import { modelsIn, openRepository, storeHub } from './hub';
import { availableDtypes, findModel, unreadDtypes } from './layout';
import { openModel } from './open-model';
import { openRuntime } from './open-runtime';
import { MemoryStore, writeJson } from './storage';
import { deleteStored, listStored } from './stored-models';

const ZOO = fileURLToPath(new URL('../../tests/fixtures/zoo/', import.meta.url));

/** A zoo folder as path → bytes. */
function zoo(name: string): Map<string, Uint8Array> {
  const entries = readdirSync(join(ZOO, name), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const folder = join(ZOO, name);
  return new Map(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1).replaceAll('\\', '/'), new Uint8Array(readFileSync(path))];
    }),
  );
}

const sha256 = (bytes: Uint8Array | undefined): string =>
  createHash('sha256')
    .update(bytes ?? new Uint8Array())
    .digest('hex');

const root = new URL('http://localhost:9/');

async function failure(work: Promise<unknown>): Promise<StrataError> {
  const error: unknown = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof StrataError) return error;
  throw new Error(`Expected a StrataError, got ${String(error)}.`);
}

describe('the hub', () => {
  const llama = zoo('genai-llama');
  let hub: HubServer;
  beforeAll(async () => {
    hub = await HubServer.start({
      repositories: { 'zoo/llama': llama, 'zoo/private': zoo('optimum-gpt2') },
      gated: { 'zoo/private': 'secret' },
      pageSize: 3,
    });
  });
  afterAll(() => hub.close());

  const open = (repo: string, change: { revision?: string; token?: string; store?: MemoryStore; dtype?: Dtype } = {}) =>
    openModel(
      { kind: 'hub', repo, revision: change.revision ?? 'main', dtype: change.dtype ?? 'fp32' },
      { root, store: change.store ?? new MemoryStore(), hubBase: hub.url, hubToken: change.token },
    );

  it('opens one dtype of a repository over several pages, with external data, pinned to its commit', async () => {
    const model = await open('zoo/llama');
    expect(model.name).toBe('zoo/llama');
    expect(sha256(model.graph.bytes)).toBe(sha256(llama.get('onnx/model.onnx')));
    expect([...model.external.keys()]).toEqual(['model.onnx_data']);
    expect(sha256(model.external.get('model.onnx_data'))).toBe(sha256(llama.get('onnx/model.onnx_data')));
    expect(model.config['model_type']).toBe('llama');
    expect(Object.keys(model.tokenizer?.tokenizerJson ?? {})).toContain('model');
    expect(model.provenance).toMatchObject({ source: 'hub', revision: COMMIT });
    expect(model.provenance.sha256['onnx/model.onnx']).toBe(sha256(llama.get('onnx/model.onnx')));
  });

  it('reads a stored model without asking for its bytes again', async () => {
    const store = new MemoryStore();
    await open('zoo/llama', { store });
    hub.requests.length = 0;
    await open('zoo/llama', { store });
    expect(hub.requests.filter(({ path }) => path.includes('/resolve/'))).toEqual([]);
  });

  it('works with the hub gone once everything is stored, and lists and deletes what it keeps', async () => {
    const store = new MemoryStore();
    const gone = await HubServer.start({ repositories: { 'zoo/llama': llama } });
    const hubBase = gone.url;
    const open = () =>
      openModel(
        { kind: 'hub', repo: 'zoo/llama', revision: 'main', dtype: 'fp32' },
        { root, store, hubBase, transport: { ...browserTransport, attempts: 1 } },
      );
    const first = await open();
    await gone.close();
    const again = await open();
    expect(again.provenance).toEqual(first.provenance);
    const [stored] = await listStored(store);
    expect(stored).toMatchObject({ kind: 'hub', complete: true, bytes: first.provenance.bytes });
    await deleteStored(store, stored!);
    expect(await listStored(store)).toEqual([]);
    expect((await failure(open())).code).toBe('offline');
  });

  it('fetches a dtype into storage; two dtypes share files, and the last one takes them with it', async () => {
    const store = new MemoryStore();
    const repository = await openRepository('zoo/llama', 'main', { store, base: hub.url });
    expect(modelsIn(repository).map(({ dtype }) => dtype)).toEqual(['fp32', 'fp16', 'q4']);
    for (const dtype of ['fp16', 'q4'] as const) await storeHub(repository, { dtype }, { store, base: hub.url });
    const hubDtypes = async () => (await listStored(store)).map((one) => one.complete && one.hub?.dtype);
    expect(await hubDtypes()).toEqual(['fp16', 'q4']);
    const check = async (dtype: Dtype) => {
      const files = await open('zoo/llama', { store, revision: COMMIT, dtype });
      await writeJson(store, `checks/1.0.0/${checkPlace(files)}/bytes/wasm`, {});
    };
    for (const dtype of ['fp16', 'q4'] as const) await check(dtype);
    const checks = async () => (await store.list()).map(({ key }) => key).filter((key) => key.startsWith('checks/'));
    hub.requests.length = 0;
    const opened = await open('zoo/llama', { store, revision: COMMIT, dtype: 'q4' });
    expect(sha256(opened.graph.bytes)).toBe(sha256(llama.get('onnx/model_q4.onnx')));
    expect(hub.requests).toEqual([]);
    await deleteStored(store, (await listStored(store))[0]!);
    expect(await hubDtypes()).toEqual(['q4']);
    expect(await checks()).toEqual([expect.stringContaining(`${COMMIT}/q4/`)]);
    await deleteStored(store, (await listStored(store))[0]!);
    expect(await store.list()).toEqual([]);
  });

  it('offers and stores the eight-bit files of one repository apart', async () => {
    const gpt2 = zoo('optimum-gpt2');
    const whole = gpt2.get('onnx/model.onnx')!;
    const quantised = gpt2.get('onnx/model_quantized.onnx')!;
    const several = await HubServer.start({
      repositories: {
        'zoo/eight': new Map([...gpt2, ['onnx/model_int8.onnx', quantised], ['onnx/model_uint8.onnx', whole]]),
      },
    });
    try {
      const store = new MemoryStore();
      const options = { store, base: several.url };
      const repository = await openRepository('zoo/eight', 'main', options);
      expect(modelsIn(repository).map(({ dtype }) => dtype)).toEqual(['fp32', 'q8', 'int8', 'uint8']);
      for (const dtype of ['q8', 'uint8'] as const) await storeHub(repository, { dtype }, options);
      const stored = (await listStored(store)).map((one) => one.complete && one.hub?.dtype);
      expect(stored).toEqual(['uint8', 'q8']);
      const source = { kind: 'hub', repo: 'zoo/eight', revision: COMMIT, dtype: 'uint8' } as const;
      const opened = await openModel(source, { root, store, hubBase: several.url });
      expect([opened.dtype, opened.graph.path]).toEqual(['uint8', 'onnx/model_uint8.onnx']);
    } finally {
      await several.close();
    }
  });

  it('sends a token to the hub and only there', async () => {
    expect((await failure(open('zoo/private'))).code).toBe('unauthorized');
    expect((await failure(open('zoo/private', { token: 'wrong' }))).code).toBe('forbidden');
    hub.requests.length = 0;
    const model = await open('zoo/private', { token: 'secret' });
    expect(model.config['model_type']).toBe('gpt2');
    expect(hub.requests.find(({ path }) => path.startsWith('/api/'))?.authorization).toBe('Bearer secret');
  });

  it('says what does not exist', async () => {
    expect((await failure(open('zoo/nothing'))).code).toBe('not-found');
    expect((await failure(open('zoo/llama', { revision: 'v9' }))).code).toBe('not-found');
    const missing = openModel(
      { kind: 'hub', repo: 'zoo/private', revision: 'main', dtype: 'q4' },
      { root, store: new MemoryStore(), hubBase: hub.url, hubToken: 'secret' },
    );
    expect(await failure(missing)).toMatchObject({ code: 'missing-file', details: { available: 'fp32, q8' } });
  });

  it.each(['../evil', 'a/b/c', 'owner/..', '', 'https://x', 'a b/c', 'a/b?x'])('refuses the id %j', async (repo) => {
    expect((await failure(open(repo))).code).toBe('invalid-request');
  });
});

describe('a folder of files', () => {
  const blobs = (files: Map<string, Uint8Array>): Map<string, Blob> =>
    new Map([...files].map(([path, bytes]) => [path, new Blob([new Uint8Array(bytes)])]));
  const open = (files: Map<string, Uint8Array>) =>
    openModel({ kind: 'folder', name: 'mine', dtype: 'fp32', files: blobs(files) }, { root, store: new MemoryStore() });

  it('opens, and states what the files were', async () => {
    const files = zoo('optimum-llama');
    const model = await open(files);
    expect(sha256(model.graph.bytes)).toBe(model.provenance.sha256['onnx/model.onnx']);
    expect(model.provenance).toMatchObject({ source: 'folder', id: 'mine' });
  });

  it('opens from an archive, unpacking what its precision needs', async () => {
    const files = zoo('optimum-llama');
    const packed = zip([...files].map(([path, content]) => ({ path: `llama/${path}`, content })));
    const chosen = await openChosen([new File([packed], 'download.zip')]);
    const source = { kind: 'folder', name: chosen.name, dtype: 'fp32', files: chosen.files } as const;
    const fromArchive = await openModel(source, { root, store: new MemoryStore() });
    expect(fromArchive.provenance.sha256).toEqual({ ...(await open(files)).provenance.sha256 });
  });

  it('opens without a tokenizer, for token ids', async () => {
    const files = zoo('optimum-llama');
    files.delete('tokenizer.json');
    expect((await open(files)).tokenizer).toBeUndefined();
  });

  it('names the file that is missing or not what it should be', async () => {
    const files = zoo('optimum-llama');
    files.set('config.json', new TextEncoder().encode('{"model_type": '));
    expect(await failure(open(files))).toMatchObject({ code: 'invalid-config', details: { file: 'config.json' } });
    files.set('config.json', new TextEncoder().encode('[1]'));
    expect((await failure(open(files))).code).toBe('invalid-config');
    files.delete('config.json');
    expect((await failure(open(files))).code).toBe('missing-file');
  });
});

describe('layout', () => {
  it('finds what exporters write', () => {
    const paths = ['config.json', 'onnx/model_q4.onnx', 'onnx/model_q4.onnx_data', 'onnx/model_q4.onnx_data_1'];
    expect(findModel(paths, 'q4').external).toEqual(['onnx/model_q4.onnx_data', 'onnx/model_q4.onnx_data_1']);
    expect(findModel(['config.json', 'model.onnx', 'model.onnx.data'], 'fp32')).toMatchObject({
      graph: 'model.onnx',
      external: ['model.onnx.data'],
    });
    expect(findModel(['config.json', 'onnx/decoder_model_merged_quantized.onnx'], 'q8').graph).toBe(
      'onnx/decoder_model_merged_quantized.onnx',
    );
    expect(availableDtypes([...paths, 'onnx/model_int8.onnx', 'onnx/encoder_model.onnx'])).toEqual(['int8', 'q4']);
  });

  it('tells the eight-bit files of one repository apart by their own names', () => {
    const files = { q8: 'onnx/model_quantized.onnx', int8: 'onnx/model_int8.onnx', uint8: 'onnx/model_uint8.onnx' };
    const paths = ['config.json', ...Object.values(files)];
    expect(availableDtypes(paths)).toEqual(['q8', 'int8', 'uint8']);
    for (const dtype of ['q8', 'int8', 'uint8'] as const) expect(findModel(paths, dtype).graph).toBe(files[dtype]);
    expect(() => findModel(['config.json', files.uint8], 'int8')).toThrow(
      'There is no int8 model file; there is uint8.',
    );
  });

  it('says which precisions it does not read', () => {
    const only = ['config.json', 'onnx/model_bnb4.onnx', 'onnx/model_q2.onnx'];
    expect(availableDtypes(only)).toEqual([]);
    expect(unreadDtypes(only)).toEqual(['bnb4', 'q2']);
    expect(() => findModel(only, 'q4')).toThrow(
      'There is no q4 model file; there is only bnb4, q2, which Strata does not read.',
    );
    expect(() => openTree(new Map(only.map((path) => [`mine/${path}`, new Blob(['{}'])])))).toThrow(
      'No model can be opened here: there is only bnb4, q2, which Strata does not read.',
    );
    expect(unreadDtypes(['config.json', 'onnx/model_q4.onnx'])).toEqual([]);
  });
});

describe('files of ours', () => {
  it('fetches the runtime build a backend needs, and only that', async () => {
    const dist = fileURLToPath(new URL('../../node_modules/onnxruntime-web/dist/', import.meta.url));
    const name = 'ort-wasm-simd-threaded.wasm';
    const bytes = new Uint8Array(readFileSync(join(dist, name)));
    const manifest = JSON.stringify({ files: [{ path: name, bytes: bytes.length, sha256: sha256(bytes) }] });
    const server = await serveFolder(dist, { base: `/${__STRATA_RUNTIME__}` });
    const events: LoadProgress[] = [];
    const store = new MemoryStore();
    for (const key of ['bundled/runtime/0.1/old.wasm', 'bundled/models/atlas/config.json']) {
      await store.putRecord(key, { bytes: 1, segments: 1, complete: true });
    }
    try {
      const runtime = await openRuntime('wasm', new URL('/', server.url), {
        store,
        onProgress: (event) => events.push(event),
        transport: {
          fetch: (url, init) =>
            String(url).endsWith('files.json') ? Promise.resolve(new Response(manifest)) : fetch(url, init),
          wait: () => Promise.resolve(),
          stallMs: 5000,
          attempts: 1,
        },
      });
      expect(WebAssembly.validate(runtime.wasmBinary)).toBe(true);
      expect(runtime.wasmPaths).toMatch(/\/runtime\/[^/]+\/$/);
      expect(server.requests).toEqual([`/${__STRATA_RUNTIME__}${name}`]);
      expect(events.at(-1)).toMatchObject({ receivedBytes: bytes.length, totalBytes: bytes.length });
      const kept = (await store.list()).map(({ key }) => key);
      expect(kept.sort()).toEqual(['bundled/models/atlas/config.json', `bundled/${__STRATA_RUNTIME__}${name}`]);
    } finally {
      await server.close();
    }
  });

  it('opens a bundled model as it was after some steps of its training, stored and deleted by itself', async () => {
    const server = await serveFolder(fileURLToPath(new URL('../../public/', import.meta.url)));
    const store = new MemoryStore();
    const open = (step?: number) =>
      openModel(
        { kind: 'bundled', id: 'atlas', ...(step === undefined ? {} : { step }) },
        { root: new URL('/', server.url), store },
      );
    try {
      const [end, early] = [await open(), await open(645)];
      const listed = JSON.parse(
        readFileSync(new URL('../../public/models/atlas/checkpoints.json', import.meta.url), 'utf8'),
      ) as { checkpoints: { step: number; file: string; sha256: string; bytes: number }[] };
      const checkpoint = listed.checkpoints.find(({ step }) => step === 645)!;
      expect(early.name).toBe('Atlas · step 645');
      expect(sha256(early.graph.bytes)).toBe(checkpoint.sha256);
      expect(early.provenance).toMatchObject({ id: 'atlas@645', sha256: { [checkpoint.file]: checkpoint.sha256 } });
      expect(early.tokenizer).toEqual(end.tokenizer);
      expect(Object.keys(early.provenance.sha256)).not.toContain('onnx/model.onnx');
      // What the two share is fetched once.
      expect(server.requests.filter((path) => path.endsWith('/tokenizer.json'))).toHaveLength(1);

      const kept = (await listStored(store)).filter(({ kind }) => kind === 'bundled');
      const [own, other] = [kept.find((one) => !one.checkpoint)!, kept.find((one) => one.checkpoint)!];
      expect([own.name, own.complete, own.bytes]).toEqual(['Atlas', true, end.provenance.bytes]);
      expect(other).toMatchObject({
        name: 'Atlas · step 645',
        complete: true,
        bytes: checkpoint.bytes,
        checkpoint: { id: 'atlas', step: 645 },
      });
      await deleteStored(store, other);
      expect((await listStored(store)).map(({ name, complete }) => [name, complete])).toEqual([['Atlas', true]]);
      expect((await failure(open(17))).code).toBe('invalid-request');
    } finally {
      await server.close();
    }
  });

  it('knows no other bundled model', async () => {
    const unknown = openModel({ kind: 'bundled', id: 'nobody' }, { root, store: new MemoryStore() });
    expect((await failure(unknown)).code).toBe('invalid-request');
  });
});
