import { SEGMENT_BYTES } from '../core/stored-file';
import { CacheStore, MemoryStore, openStore, storedBytes, type FileStore } from './storage';

/** Cache Storage as far as it is used here, in memory. */
class FakeCaches {
  readonly entries = new Map<string, Response>();
  full = false;

  open(): Promise<Cache> {
    const { entries } = this;
    const cache = {
      match: (url: string) => Promise.resolve(entries.get(url)?.clone()),
      put: (url: string, response: Response) => {
        if (this.full) return Promise.reject(new DOMException('Quota exceeded.', 'QuotaExceededError'));
        entries.set(url, response);
        return Promise.resolve();
      },
      delete: (request: string | Request) =>
        Promise.resolve(entries.delete(typeof request === 'string' ? request : request.url)),
      keys: () => Promise.resolve([...entries.keys()].map((url) => new Request(url))),
    };
    return Promise.resolve(cache as unknown as Cache);
  }
}

const record = { bytes: 10, checksum: 'ab', segments: 1, complete: true };

describe.each<[string, () => Promise<FileStore>]>([
  ['CacheStore', () => CacheStore.open(new FakeCaches() as unknown as CacheStorage)],
  ['MemoryStore', () => Promise.resolve(new MemoryStore())],
])('%s', (_name, open) => {
  it('gives back what it was given', async () => {
    const store = await open();
    await store.putSegment('a/b c.onnx', 0, new Uint8Array([1, 2]));
    await store.putRecord('a/b c.onnx', record);
    expect(await store.segment('a/b c.onnx', 0)).toEqual(new Uint8Array([1, 2]));
    expect(await store.segment('a/b c.onnx', 1)).toBeUndefined();
    expect(await store.record('a/b c.onnx')).toEqual(record);
    expect(await store.list()).toEqual([{ key: 'a/b c.onnx', record }]);
  });

  it('deletes a file with all its segments, and no other', async () => {
    const store = await open();
    for (const key of ['model', 'model2']) {
      await store.putSegment(key, 0, new Uint8Array([1]));
      await store.putSegment(key, 10, new Uint8Array([2]));
      await store.putRecord(key, record);
    }
    await store.delete('model');
    expect((await store.list()).map(({ key }) => key)).toEqual(['model2']);
    expect(await store.segment('model', 10)).toBeUndefined();
    expect(await store.segment('model2', 10)).toEqual(new Uint8Array([2]));
  });
});

describe('CacheStore', () => {
  it('says storage-full whatever the browser throws', async () => {
    const caches = new FakeCaches();
    const store = await CacheStore.open(caches as unknown as CacheStorage);
    caches.full = true;
    await expect(store.putSegment('a', 0, new Uint8Array([1]))).rejects.toMatchObject({ code: 'storage-full' });
  });

  it('takes a record it cannot read for absent', async () => {
    const caches = new FakeCaches();
    const store = await CacheStore.open(caches as unknown as CacheStorage);
    await store.putRecord('a', record);
    const [url] = [...caches.entries.keys()];
    caches.entries.set(url ?? '', new Response('{"version": 9}'));
    expect(await store.record('a')).toBeUndefined();
    caches.entries.set(url ?? '', new Response('not JSON'));
    expect(await store.record('a')).toBeUndefined();
  });
});

it('counts the stored part of a file in whole segments', () => {
  expect(storedBytes({ bytes: 3 * SEGMENT_BYTES, segments: 2, complete: false })).toBe(2 * SEGMENT_BYTES);
  expect(storedBytes({ bytes: 5, segments: 1, complete: true })).toBe(5);
});

describe('where storage is denied', () => {
  afterEach(() => vi.unstubAllGlobals());
  const denied = () => Promise.reject(new DOMException('denied', 'SecurityError'));

  it.each<[string, unknown]>([
    ['asking for it is refused', { open: denied }],
    ['reading it is refused', { open: () => Promise.resolve({ match: denied }) }],
    [
      'asking for it throws',
      {
        open: () => {
          throw new DOMException('denied', 'SecurityError');
        },
      },
    ],
  ])('files are kept in memory: %s', async (_how, storage) => {
    vi.stubGlobal('caches', storage);
    expect(await openStore()).toBeInstanceOf(MemoryStore);
  });

  it('files are kept in memory where even naming it throws', async () => {
    Object.defineProperty(globalThis, 'caches', {
      configurable: true,
      get() {
        throw new DOMException('denied', 'SecurityError');
      },
    });
    try {
      expect(await openStore()).toBeInstanceOf(MemoryStore);
    } finally {
      Reflect.deleteProperty(globalThis, 'caches');
    }
  });

  it('files are kept in memory where nothing ever answers', async () => {
    vi.useFakeTimers();
    try {
      vi.stubGlobal('caches', { open: () => new Promise(() => undefined) });
      const store = openStore();
      await vi.advanceTimersByTimeAsync(10_000);
      expect(await store).toBeInstanceOf(MemoryStore);
    } finally {
      vi.useRealTimers();
    }
  });

  it('what was there counts as gone when it is taken away later', async () => {
    const broken = { match: denied, keys: denied, delete: denied, put: denied };
    const store = await CacheStore.open({ open: () => Promise.resolve(broken) } as unknown as CacheStorage);
    expect(await store.record('a')).toBeUndefined();
    expect(await store.segment('a', 0)).toBeUndefined();
    expect(await store.list()).toEqual([]);
    await expect(store.delete('a')).resolves.toBeUndefined();
    await expect(store.putRecord('a', record)).rejects.toMatchObject({ code: 'storage-full' });
  });
});
