import { MODEL_CACHE, parseFileRecord, recordUrl, segmentUrl } from '../core/stored-file';

const TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  wasm: 'application/wasm',
  onnx: 'application/octet-stream',
};

/** A file that is stored whole, as the server would have sent it; undefined when it is not. */
export async function storedResponse(key: string): Promise<Response | undefined> {
  const cache = await caches.open(MODEL_CACHE);
  const stored = await cache.match(recordUrl(key));
  const record = stored && parseFileRecord(await stored.json());
  if (!record?.complete) return undefined;
  let index = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (index >= record.segments) return controller.close();
      const segment = await cache.match(segmentUrl(key, index));
      if (!segment) return controller.error(new Error(`Segment ${index} of ${key} is gone.`));
      index += 1;
      controller.enqueue(new Uint8Array(await segment.arrayBuffer()));
    },
  });
  const type = TYPES[key.split('.').pop() ?? ''] ?? 'application/octet-stream';
  return new Response(body, { headers: { 'Content-Type': type, 'Content-Length': String(record.bytes) } });
}
