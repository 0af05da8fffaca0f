import type { Page, Worker } from '@playwright/test';

/** The script of the model's worker; the text has a worker of its own, and threads of the runtime are workers too. */
export const WORKER_SCRIPT = /\/entry-[^/]+\.js$/;

export const modelWorkers = (page: Page): Worker[] =>
  page.workers().filter((worker) => WORKER_SCRIPT.test(worker.url()));
