/** The browser's locks; undefined where it has none, or keeps them from this page. */
export function lockManager(): LockManager | undefined {
  try {
    // Absent in Node, on plain http from another machine, and in old browsers.
    return typeof navigator === 'undefined' ? undefined : (navigator.locks as LockManager | undefined);
  } catch {
    return undefined;
  }
}

/**
 * Does work while a lock is held. Where locks cannot be had (a page inside another that storage is denied to), the work
 * is done without: then there is no other tab to share with either.
 * @param work Gets null where `ifAvailable` was asked for and another holds the lock.
 */
export async function withLock<T>(
  name: string,
  options: LockOptions,
  work: (lock: Lock | null) => Promise<T>,
): Promise<T> {
  const locks = lockManager();
  const without = { name, mode: options.mode ?? 'exclusive' };
  if (!locks) return work(without);
  let begun = false;
  try {
    return await locks.request(name, options, (lock) => {
      begun = true;
      return work(lock);
    });
  } catch (cause) {
    if (begun || options.signal?.aborted) throw cause;
    return work(without);
  }
}
