import { createHash, randomBytes } from 'node:crypto';
import { HubServer, type Fault } from '../../tests/fixtures/hub-server';
import { StrataError } from '../core/errors';
import type { LoadProgress } from '../core/model-api';
import { SEGMENT_BYTES } from '../core/stored-file';
import { download, downloadToStore, type FileRequest } from './download';
import { browserTransport } from './http';
import { Meter } from './progress';
import { MemoryStore } from './storage';

const SIZE = 2 * SEGMENT_BYTES + 12_345;
const CONTENT = new Uint8Array(randomBytes(SIZE));
const PATH = 'onnx/model.onnx';
const REPO = 'someone/model';

let hub: HubServer;
let store: MemoryStore;
let waits: number[];
let events: LoadProgress[];

beforeAll(async () => {
  hub = await HubServer.start({ repositories: { [REPO]: new Map([[PATH, CONTENT]]) } });
});
afterAll(() => hub.close());
beforeEach(() => {
  store = new MemoryStore();
  waits = [];
  events = [];
  hub.requests.length = 0;
  hub.fail(PATH);
});

const request = (change: Partial<FileRequest> = {}): FileRequest => ({
  key: 'hub/model.onnx',
  name: 'model.onnx',
  url: `${hub.url}${REPO}/resolve/main/${PATH}`,
  bytes: SIZE,
  checksum: { algorithm: 'sha256', hex: createHash('sha256').update(CONTENT).digest('hex') },
  ...change,
});

type Get = (file?: FileRequest, signal?: AbortSignal, stallMs?: number) => Promise<Uint8Array>;

const toMemory: Get = (file = request(), signal, stallMs = 20_000) => download(file, options(signal, stallMs));

/** What was stored, read back. */
const toStore: Get = async (file = request(), signal, stallMs = 20_000) => {
  await downloadToStore(file, options(signal, stallMs));
  const { segments } = (await store.record(file.key))!;
  const all = Array.from({ length: segments }, (_, index) => store.segment(file.key, index));
  return Buffer.concat((await Promise.all(all)).map((segment) => segment!));
};

function options(signal: AbortSignal | undefined, stallMs: number): Parameters<typeof download>[1] {
  return {
    store,
    signal,
    meter: new Meter((event) => events.push(event)),
    transport: {
      ...browserTransport,
      stallMs,
      wait: (milliseconds) => {
        waits.push(milliseconds);
        return Promise.resolve();
      },
    },
  };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return error instanceof StrataError ? error.code : `not ours: ${String(error)}`;
  }
  return 'succeeded';
}

const same = (bytes: Uint8Array): boolean => Buffer.compare(bytes, CONTENT) === 0;
const bodies = (): (string | undefined)[] =>
  hub.requests.filter(({ path }) => path.startsWith('/resolve-cache/')).map(({ range }) => range);

describe.each<[string, Get]>([
  ['download', toMemory],
  ['download to storage only', toStore],
])('%s', (_mode, get) => {
  it('fetches, checks, stores, and asks the network no second time', async () => {
    expect(same(await get())).toBe(true);
    expect(await store.record('hub/model.onnx')).toMatchObject({ complete: true, segments: 3, bytes: SIZE });
    const asked = hub.requests.length;
    events = [];
    expect(same(await get())).toBe(true);
    expect(hub.requests.length).toBe(asked);
    expect(events.at(-1)).toMatchObject({ receivedBytes: SIZE, totalBytes: SIZE, fromStorage: true });
  });

  it('reports progress that only rises and ends at the total', async () => {
    await get();
    const received = events.map((event) => (event.stage === 'download' ? event.receivedBytes : Number.NaN));
    expect(received).toEqual([...received].sort((a, b) => a - b));
    expect(received.at(-1)).toBe(SIZE);
    expect(received.length).toBeGreaterThan(1);
  });

  it('goes on from where a connection broke', async () => {
    hub.fail(PATH, { kind: 'drop', after: SEGMENT_BYTES + 1000 }, { kind: 'drop', after: 5000 });
    expect(same(await get())).toBe(true);
    const [first, second, third] = bodies();
    expect(first).toBeUndefined();
    expect(Number(/\d+/.exec(second ?? '')?.[0])).toBeGreaterThan(0);
    expect(Number(/\d+/.exec(third ?? '')?.[0])).toBeGreaterThan(Number(/\d+/.exec(second ?? '')?.[0]));
  });

  it.each<[string, Fault]>([
    ['a body that ends early', { kind: 'truncate', after: SEGMENT_BYTES + 7 }],
    ['a connection that stalls', { kind: 'stall', after: 4096 }],
    ['a Content-Length too large', { kind: 'content-length', value: SIZE + 5 }],
    ['too many requests', { kind: 'status', status: 429, headers: { 'Retry-After': '2' } }],
    ['a busy server', { kind: 'status', status: 503 }],
    ['a gateway that fails', { kind: 'status', status: 502 }],
  ])('gets over %s', async (_name, fault) => {
    hub.fail(PATH, fault);
    expect(same(await get(request(), undefined, fault.kind === 'stall' ? 500 : 20_000))).toBe(true);
    expect(waits).toHaveLength(1);
    if (fault.kind === 'status' && fault.status === 429) expect(waits).toEqual([2000]);
  });

  it.each<[string, Fault]>([
    ['not-found', { kind: 'status', status: 404 }],
    ['unauthorized', { kind: 'status', status: 401 }],
    ['forbidden', { kind: 'status', status: 403 }],
    ['http-error', { kind: 'status', status: 418 }],
    ['hash-mismatch', { kind: 'corrupt' }],
    ['hash-mismatch', { kind: 'longer' }],
    ['not-a-model-file', { kind: 'html' }],
    ['not-a-model-file', { kind: 'lfs-pointer' }],
  ])('fails at once with %s and keeps nothing', async (code, fault) => {
    hub.fail(PATH, fault);
    expect(await codeOf(get())).toBe(code);
    expect(waits).toEqual([]);
    expect(await store.list()).toEqual([]);
  });

  it.each<[string, Fault]>([
    ['rate-limited', { kind: 'status', status: 429 }],
    ['server-busy', { kind: 'status', status: 503 }],
    ['truncated', { kind: 'truncate', after: 0 }],
  ])('gives up with %s after five tries without a byte, each wait longer', async (code, fault) => {
    hub.fail(PATH, ...Array.from({ length: 9 }, () => fault));
    expect(await codeOf(get())).toBe(code);
    expect(waits).toEqual([500, 1000, 2000, 4000]);
  });

  it('says when no server answers', async () => {
    const url = 'http://localhost:9/model.onnx';
    expect(await codeOf(get(request({ url })))).toBe('offline');
  });

  it('keeps what came when it is cancelled, and resumes there', async () => {
    const controller = new AbortController();
    hub.fail(PATH, { kind: 'stall', after: SEGMENT_BYTES + 4096 });
    const work = get(request(), controller.signal);
    await vi.waitFor(async () => expect(await store.record('hub/model.onnx')).toBeDefined(), 20_000);
    controller.abort();
    expect(await codeOf(work)).toBe('cancelled');
    expect(await store.record('hub/model.onnx')).toMatchObject({ complete: false, segments: 1 });
    expect(same(await get())).toBe(true);
    expect(bodies()).toEqual([undefined, `bytes=${SEGMENT_BYTES}-`]);
  });

  describe('with an old part in storage', () => {
    const part = (bytes: Uint8Array<ArrayBuffer>, file = request()): Promise<void> =>
      store
        .putSegment(file.key, 0, bytes)
        .then(() =>
          store.putRecord(file.key, { bytes: SIZE, checksum: file.checksum.hex, segments: 1, complete: false }),
        );

    it('begins again when the part turns out wrong', async () => {
      await part(new Uint8Array(SEGMENT_BYTES));
      expect(same(await get())).toBe(true);
      expect(bodies()).toEqual([`bytes=${SEGMENT_BYTES}-`, undefined]);
    });

    it('begins again when the server ignores Range', async () => {
      await part(CONTENT.slice(0, SEGMENT_BYTES));
      hub.fail(PATH, { kind: 'ignore-range' });
      expect(same(await get())).toBe(true);
      expect(bodies()).toHaveLength(1);
    });

    it('begins again on 416', async () => {
      await part(CONTENT.slice(0, SEGMENT_BYTES));
      hub.fail(PATH, { kind: 'status', status: 416 });
      expect(same(await get())).toBe(true);
    });

    it.each<[string, Fault, number]>([
      ['with a refusal', { kind: 'status', status: 400 }, 1],
      ['with a refusal of the method', { kind: 'status', status: 405 }, 1],
      ['as if it were not there', { kind: 'status', status: 404 }, 1],
      ['with a failure of its own', { kind: 'status', status: 501 }, 5],
      ['by breaking off', { kind: 'drop', after: 0 }, 5],
    ])('asks for the whole file where the server answers a part %s', async (_how, fault, times) => {
      await part(CONTENT.slice(0, SEGMENT_BYTES));
      hub.fail(PATH, ...Array.from({ length: times }, () => fault));
      expect(same(await get())).toBe(true);
      expect(bodies()).toEqual([...Array.from({ length: times }, () => `bytes=${SEGMENT_BYTES}-`), undefined]);
      expect(await store.record('hub/model.onnx')).toMatchObject({ complete: true });
    });

    it('keeps the part where the server answers nothing at all', async () => {
      await part(CONTENT.slice(0, SEGMENT_BYTES));
      hub.fail(PATH, ...Array.from({ length: 6 }, (): Fault => ({ kind: 'status', status: 503 })));
      expect(await codeOf(get())).toBe('server-busy');
      expect(await store.record('hub/model.onnx')).toMatchObject({ complete: false, segments: 1 });
      expect(bodies().at(-1)).toBeUndefined();
    });

    it('never asks for a part again once the server has given a wrong one', async () => {
      await part(new Uint8Array(SEGMENT_BYTES));
      hub.fail(PATH, { kind: 'truncate', after: SIZE }, { kind: 'drop', after: SEGMENT_BYTES + 4096 });
      expect(same(await get())).toBe(true);
      expect(bodies()).toEqual([`bytes=${SEGMENT_BYTES}-`, undefined, undefined]);
    });

    it('forgets a part of another version', async () => {
      const other = request({ checksum: { algorithm: 'sha256', hex: '0'.repeat(64) } });
      await part(CONTENT.slice(0, SEGMENT_BYTES), other);
      expect(same(await get())).toBe(true);
      expect(bodies()).toEqual([undefined]);
    });

    it('begins again when a segment is gone', async () => {
      await store.putRecord('hub/model.onnx', {
        bytes: SIZE,
        checksum: request().checksum.hex,
        segments: 2,
        complete: false,
      });
      expect(same(await get())).toBe(true);
    });
  });

  it('refuses a file that is shorter on the server than it should be', async () => {
    expect(await codeOf(get(request({ bytes: SIZE + 10 })))).toBe('hash-mismatch');
    expect(await store.list()).toEqual([]);
  });

  it("checks a small file by git's blob id", async () => {
    const hex = createHash('sha1').update(`blob ${SIZE}\0`).update(CONTENT).digest('hex');
    expect(same(await get(request({ checksum: { algorithm: 'git-sha1', hex } })))).toBe(true);
    const wrong = request({ key: 'other', checksum: { algorithm: 'git-sha1', hex: hex.replace(/./, 'x') } });
    expect(await codeOf(get(wrong))).toBe('hash-mismatch');
  });
});

describe('two tabs that want one file', () => {
  /** As much of the browser's locks as is asked for here; Node has none. */
  class Locks {
    readonly #held = new Map<string, Promise<unknown>>();

    async request(name: string, options: LockOptions, work: (lock: unknown) => Promise<unknown>): Promise<unknown> {
      if (options.ifAvailable && this.#held.has(name)) return work(null);
      while (this.#held.has(name)) await this.#held.get(name);
      const running = work({ name });
      const ended = running.catch(() => undefined).finally(() => this.#held.delete(name));
      this.#held.set(name, ended);
      return running;
    }
  }
  afterEach(() => vi.unstubAllGlobals());

  it('fetch it once, and the one that waits shows how far the other is', async () => {
    vi.stubGlobal('navigator', { locks: new Locks() });
    hub.fail(PATH, { kind: 'pause', after: SEGMENT_BYTES + 4096 });
    const first = toMemory();
    await vi.waitFor(async () => expect(await store.record('hub/model.onnx')).toBeDefined(), 20_000);
    const heard: LoadProgress[] = [];
    const second = download(request(), {
      ...options(undefined, 20_000),
      meter: new Meter((event) => heard.push(event)),
    });
    await vi.waitFor(() => {
      expect(heard.length).toBeGreaterThan(1);
      expect(heard.at(-1)).toMatchObject({ elsewhere: true, receivedBytes: SEGMENT_BYTES, totalBytes: SIZE });
    }, 5000);
    hub.resume();
    expect(same(await first)).toBe(true);
    expect(same(await second)).toBe(true);
    expect(bodies()).toEqual([undefined]);
    expect(heard.at(-1)).toMatchObject({ receivedBytes: SIZE, totalBytes: SIZE });
    expect(heard.at(-1)).not.toHaveProperty('elsewhere');
  });

  it('fetch it each by itself where locks are refused', async () => {
    const denied = () => Promise.reject(new DOMException('denied', 'SecurityError'));
    vi.stubGlobal('navigator', { locks: { request: denied } });
    expect(same(await toMemory())).toBe(true);
    vi.stubGlobal('navigator', {
      get locks() {
        throw new DOMException('denied', 'SecurityError');
      },
    });
    expect(same(await toMemory())).toBe(true);
  });
});

describe('a full disk', () => {
  const fill = (): void => {
    const put = store.putSegment.bind(store);
    vi.spyOn(store, 'putSegment').mockImplementation((key, index, bytes) =>
      index === 1 ? Promise.reject(new StrataError('storage-full', 'full')) : put(key, index, bytes),
    );
  };

  it('is no error for a file that is kept in memory: nothing stays half, and it is said once', async () => {
    fill();
    expect(same(await toMemory())).toBe(true);
    expect(await store.list()).toEqual([]);
    expect(events.filter((event) => event.stage === 'note')).toEqual([
      { stage: 'note', note: { code: 'storage-full', details: {} } },
    ]);
  });

  it('ends a download to storage only, of which nothing stays', async () => {
    fill();
    expect(await codeOf(toStore())).toBe('storage-full');
    expect(await store.list()).toEqual([]);
  });
});
