/**
 * Whether the browser would let this page store so many more bytes; true where it does not say.
 *
 * Its estimate alone does not tell: against recognising a device, Chromium states a quota that leaves 10 GB free
 * wherever it runs. So a file of that length is asked for too, and given up before anything is written into it.
 */
export async function hasRoomFor(bytes: number): Promise<boolean> {
  return (await estimateAllows(bytes)) && (await fileAllows(bytes));
}

async function estimateAllows(bytes: number): Promise<boolean> {
  try {
    const { quota, usage = 0 } = await navigator.storage.estimate();
    return quota === undefined || quota - usage >= bytes;
  } catch {
    return true;
  }
}

async function fileAllows(bytes: number): Promise<boolean> {
  const name = `room-${crypto.randomUUID()}`;
  try {
    const root = await navigator.storage.getDirectory();
    try {
      const file = await root.getFileHandle(name, { create: true });
      const writable = await file.createWritable();
      try {
        await writable.truncate(bytes);
      } finally {
        // A stream that refused is closed already.
        await writable.abort().catch(() => undefined);
      }
    } finally {
      await root.removeEntry(name).catch(() => undefined);
    }
    return true;
  } catch (cause) {
    return !(cause instanceof DOMException && cause.name === 'QuotaExceededError');
  }
}
