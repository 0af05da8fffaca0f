/** Holds a Web Lock for as long as this worker lives: how the page learns of its death. */
export function holdForLife(lock: string): Promise<void> {
  // Without locks (an insecure context) the page falls back on its watchdog.
  const locks = navigator.locks as LockManager | undefined;
  if (!locks) return Promise.resolve();
  return new Promise((resolve) => {
    void locks.request(lock, () => {
      resolve();
      return new Promise<never>(() => undefined);
    });
  });
}
