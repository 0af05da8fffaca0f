import { SEGMENT_BYTES } from '../core/stored-file';
import { CacheStore, MemoryStore, storedBytes, type FileStore } from './storage';

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
