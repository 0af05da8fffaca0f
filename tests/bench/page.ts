import { chromium, type Browser, type BrowserContext, type Page } from '@playwright/test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { ISOLATION_HEADERS, serveFolder } from '../../.config/build/static-server.mjs';
import { milliseconds, quantile, type Section } from './report';
import { onTwoCores } from './two-cores';

const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));
const COLD_STARTS = 5;
/** Each 16 tokens for Atlas, its first token included, or close to it. */
const PROMPTS = [
  'In an old atlas of Europe one can read that the capital of France is',
  'In an old atlas of Europe one can read that the capital of Italy is',
  'In an old atlas of Europe one can read that the capital of Spain is',
  'In an old atlas of Europe one can read that the capital of Poland is',
  'In an old atlas of Europe one can read that the capital of Sweden is',
  'In an old atlas of Europe one can read that the capital of Greece is',
];
const ROUNDS = 5;

/** The built page in a real Chromium on two cores, from a local server, as a person meets it. */
export async function pageSection(): Promise<Section> {
  const held = await onTwoCores(process.env['CHROMIUM_PATH'] ?? chromium.executablePath());
  const browser = await chromium.launch({
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    executablePath: held.path,
  });
  const server = await serveFolder(DIST, { headers: ISOLATION_HEADERS });
  try {
    const cold: number[] = [];
    let script = 0;
    for (let start = 0; start < COLD_STARTS; start++) {
      const measured = await coldStart(browser, server.url);
      cold.push(measured.firstFact);
      script = measured.scriptBytes;
    }
    const answers = await newFacts(browser, server.url);
    return {
      title: `Page, Chromium ${browser.version()}, WASM, ${held.cores}`,
      rows: [
        milliseconds('First probed fact, cold start, empty cache: median', quantile(cold, 0.5)),
        milliseconds('First probed fact, cold start: slowest', Math.max(...cold), 3000),
        milliseconds('New fact to verdict, about 16 tokens: median', quantile(answers.latencies, 0.5), 100),
        milliseconds('New fact to verdict: 95th percentile', quantile(answers.latencies, 0.95)),
        milliseconds('Longest block of the page meanwhile', answers.longestBlock, 50),
        {
          what: 'JavaScript before the worker starts, gzip',
          value: `${(script / 1000).toFixed(1)} kB`,
          limit: '≤ 140 kB',
          ok: script <= 140_000,
        },
      ],
    };
  } finally {
    await browser.close();
    await server.close();
    await held.remove();
  }
}

async function newContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  // tsx keeps the names of functions with a helper that functions sent to the page then miss.
  await context.addInitScript('globalThis.__name = (value) => value');
  return context;
}

async function coldStart(browser: Browser, url: string): Promise<{ firstFact: number; scriptBytes: number }> {
  const context = await newContext(browser);
  try {
    const page = await context.newPage();
    const scripts = new Set<string>();
    let workerStarted = false;
    page.on('request', (request) => {
      const path = new URL(request.url()).pathname;
      if (request.resourceType() === 'script' && !workerStarted && !/sw\.js$/.test(path)) scripts.add(path);
    });
    page.on('worker', (worker) => {
      workerStarted = true;
      scripts.delete(new URL(worker.url()).pathname);
    });
    await page.goto(url);
    const firstFact = await page.evaluate(whenAnswered);
    let scriptBytes = 0;
    for (const path of scripts) scriptBytes += gzipSync(await readFile(join(DIST, path)), { level: 9 }).length;
    return { firstFact, scriptBytes };
  } finally {
    await context.close();
  }
}

/** In the page: resolves with the time since navigation when the verdict and the lens are on screen. */
function whenAnswered(): Promise<number> {
  return new Promise((resolve) => {
    const look = (): void => {
      const verdict = document.querySelector('[role=status][aria-label=Verdict]')?.textContent ?? '';
      const cells = document.querySelectorAll('[role=grid][aria-label^="Logit lens"] [role=gridcell]').length;
      if (/\d/.test(verdict) && cells > 0) resolve(performance.now());
      else requestAnimationFrame(look);
    };
    look();
  });
}

async function newFacts(browser: Browser, url: string): Promise<{ latencies: number[]; longestBlock: number }> {
  const context = await newContext(browser);
  try {
    const page = await context.newPage();
    await page.goto(url);
    await page.evaluate(whenAnswered);
    // What the first visit still does in the background is not what is measured here.
    await page.waitForTimeout(3000);
    await page.evaluate(watchBlocks);
    const latencies: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      for (const prompt of PROMPTS) latencies.push(await ask(page, prompt));
    }
    return { latencies, longestBlock: await page.evaluate(() => Number(document.documentElement.dataset['block'])) };
  } finally {
    await context.close();
  }
}

function watchBlocks(): void {
  document.documentElement.dataset['block'] = '0';
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      const { dataset } = document.documentElement;
      dataset['block'] = String(Math.max(Number(dataset['block']), duration));
    }
  }).observe({ entryTypes: ['longtask'] });
}

/** Types a prompt at once and waits until its verdict is on screen. Milliseconds, the pause after typing included. */
async function ask(page: Page, prompt: string): Promise<number> {
  return page.getByRole('textbox', { name: 'Prompt' }).evaluate(
    (box, text) =>
      new Promise<number>((resolve) => {
        const verdict = document.querySelector('[role=status][aria-label=Verdict]');
        if (!(box instanceof HTMLInputElement || box instanceof HTMLTextAreaElement) || !verdict) {
          throw new Error('The page has no prompt or no verdict.');
        }
        const before = verdict.textContent;
        const start = performance.now();
        const observer = new MutationObserver(() => {
          if (verdict.textContent === before || !/\d/.test(verdict.textContent ?? '')) return;
          observer.disconnect();
          requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
        });
        observer.observe(verdict, { childList: true, characterData: true, subtree: true });
        box.value = text;
        box.dispatchEvent(new Event('input', { bubbles: true }));
      }),
    prompt,
  );
}
