import { lockManager } from '../core/locks';

/**
 * Holds a Web Lock for as long as this worker lives: how the page learns of its death.
 * @returns Whether it is held.
 */
export function holdForLife(lock: string): Promise<boolean> {
  // Without locks (an insecure context) the page falls back on its watchdog.
  const locks = lockManager();
  if (!locks) return Promise.resolve(false);
  return new Promise((resolve) => {
    const held = locks.request(lock, () => {
      resolve(true);
      return new Promise<never>(() => undefined);
    });
    // Locks may be there and kept from this page all the same.
    held.catch(() => resolve(false));
  });
}
