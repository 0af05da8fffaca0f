/** Starts the small worker that answers about text while the other one computes. */
export function spawnTextWorker(): Worker {
  return new Worker(new URL('../worker/text-entry.ts', import.meta.url), { type: 'module', name: 'strata-text' });
}

/** Starts the app's own worker, from its own file: no blob, no other address. */
export function spawnWorker(): Worker {
  return new Worker(new URL('../worker/entry.ts', import.meta.url), { type: 'module', name: 'strata' });
}
