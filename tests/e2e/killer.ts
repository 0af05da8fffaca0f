import type { Page } from '@playwright/test';

interface Killer {
  /** Those that hold a model; the one for text is another. */
  workers: Worker[];
  /** Every worker to come dies as soon as its death can be noticed. */
  doomed: boolean;
}
declare global {
  interface Window {
    killer: Killer;
  }
}

/** What ends the worker that holds the model, as a crash would; `all`: and every one after it. Before the page is opened. */
export async function killerOf(page: Page): Promise<(which?: 'all') => Promise<void>> {
  await page.addInitScript(() => {
    const Native = window.Worker;
    window.killer = { workers: [], doomed: false };
    window.Worker = class extends Native {
      constructor(...args: ConstructorParameters<typeof Worker>) {
        super(...args);
        if (args[1]?.name !== 'strata') return;
        window.killer.workers.push(this);
        // Its first word answers the greeting.
        this.addEventListener('message', () => {
          if (window.killer.doomed) this.terminate();
        });
      }
    };
  });
  return (which) =>
    page.evaluate((all) => {
      window.killer.doomed = all;
      window.killer.workers.at(-1)?.terminate();
    }, which === 'all');
}
