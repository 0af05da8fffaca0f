// How much memory loading a 500 MB model takes, in Node and in Chromium (Linux: the kernel's own counts are read).
import { chromium } from '@playwright/test';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type {} from '../e2e/worker-page/page';
import { WorkerSite } from '../e2e/worker-site';
import { writeModel } from './model-folder';
import { GPT2_SMALL_SHAPE, randomGpt2, type Gpt2Shape } from './random-gpt2';
import { FILE_LAYOUTS, type FileLayout } from './random-weights';
import { megabytes, type Row, type Section } from './report';

const POLL_MILLISECONDS = 25;
const PATIENCE_MILLISECONDS = 600_000;

export async function memorySections(shape: Gpt2Shape = GPT2_SMALL_SHAPE): Promise<Section[]> {
  const site = await WorkerSite.start();
  try {
    const sections: Section[] = [];
    for (const layout of Object.keys(FILE_LAYOUTS) as FileLayout[]) sections.push(await measure(site, shape, layout));
    return sections;
  } finally {
    await site.remove();
  }
}

async function measure(site: WorkerSite, shape: Gpt2Shape, layout: FileLayout): Promise<Section> {
  const folder = join(site.folder, 'models/atlas');
  const fileBytes = await writeBundled(folder, shape, layout);
  // At most twice the file and 300 MB.
  const limit = 2 * fileBytes + 300e6;
  return {
    title: `Peak memory of loading ${megabytes(fileBytes)}, ${shape.name}, ${FILE_LAYOUTS[layout]}`,
    rows: [...(await inNode(folder, limit)), ...(await inChromium(site.url, limit))],
  };
}

/** Puts the model where the site has its bundled one, manifest and all. Returns the bytes of its files. */
async function writeBundled(folder: string, shape: Gpt2Shape, layout: FileLayout): Promise<number> {
  const parts = await writeModel(folder, randomGpt2(shape, layout));
  const files = [...parts].map(([path, bytes]) => ({
    path,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  }));
  await writeFile(join(folder, 'files.json'), JSON.stringify({ files }));
  return files.reduce((sum, file) => sum + file.bytes, 0);
}

function held(what: string, bytes: number, limit: number): Row {
  return { what, value: megabytes(bytes), limit: `≤ ${megabytes(limit)}`, ok: bytes <= limit };
}

/** Largest resident set of a process that does nothing else. */
async function inNode(folder: string, limit: number): Promise<Row[]> {
  const script = fileURLToPath(new URL('memory-load.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, folder]);
  const { before, loaded, afterRun } = JSON.parse(stdout) as { before: number; loaded: number; afterRun: number };
  return [
    { what: 'Node, whole process before loading', value: megabytes(before) },
    held('Node, loaded from disk: peak beyond that', loaded - before, limit),
    held('Node, loaded and run once: peak beyond that', afterRun - before, limit),
  ];
}

/**
 * The worker as the app builds it: its model fetched from a local server, stored and loaded; then loaded from
 * storage. Counted is what all of Chromium's processes hold (shared pages once) beyond what they held with the page open.
 */
async function inChromium(url: string, limit: number): Promise<Row[]> {
  const executablePath = process.env['CHROMIUM_PATH'];
  const profile = await mkdtemp(join(tmpdir(), 'strata-memory-'));
  const context = await chromium.launchPersistentContext(profile, {
    args: ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    ...(executablePath ? { executablePath } : {}),
  });
  context.setDefaultTimeout(PATIENCE_MILLISECONDS);
  try {
    const rows: Row[] = [];
    for (const how of ['fetched, stored and loaded', 'loaded from storage']) {
      const page = await context.newPage();
      await page.goto(url);
      await page.waitForFunction(() => 'strata' in window);
      const before = await heldBytes(profile);
      const watch = new PeakWatch(profile);
      await page.evaluate(async (silenceMs) => {
        window.api = window.strata.client({ silenceMs });
        await window.api.load({ source: { kind: 'bundled', id: 'atlas' }, backend: 'wasm' });
      }, PATIENCE_MILLISECONDS);
      const peak = await watch.stop();
      rows.push({ what: 'Chromium, all processes before loading', value: megabytes(before) });
      rows.push(held(`Chromium, ${how}: peak beyond that`, peak - before, limit));
      await page.close();
    }
    return rows;
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

class PeakWatch {
  #peak = 0;
  #running = true;
  readonly #done: Promise<void>;

  constructor(profile: string) {
    this.#done = this.#poll(profile);
  }

  async #poll(profile: string): Promise<void> {
    while (this.#running) {
      this.#peak = Math.max(this.#peak, await heldBytes(profile));
      await sleep(POLL_MILLISECONDS);
    }
  }

  async stop(): Promise<number> {
    this.#running = false;
    await this.#done;
    return this.#peak;
  }
}

/** Proportional set size of the browser with this profile and of every process below it. */
async function heldBytes(profile: string): Promise<number> {
  const processes = new Map<number, { parent: number; root: boolean }>();
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    const status = await readFile(`/proc/${entry}/status`, 'utf8').catch(() => '');
    const parent = Number(/^PPid:\s*(\d+)/m.exec(status)?.[1] ?? 0);
    processes.set(Number(entry), { parent, root: command.includes(`--user-data-dir=${profile}`) });
  }
  const belongs = (pid: number): boolean => {
    const found = processes.get(pid);
    return found !== undefined && (found.root || belongs(found.parent));
  };
  const sizes = [...processes.keys()].filter(belongs).map(async (pid) => {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    return Number(/^Pss:\s*(\d+) kB/m.exec(rollup)?.[1] ?? 0) * 1024;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
