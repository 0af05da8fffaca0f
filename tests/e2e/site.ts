import { test as base, expect, type Page } from '@playwright/test';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ISOLATION_HEADERS, serveFolder } from '../../.config/build/static-server.mjs';

export const DIST = fileURLToPath(new URL('../../dist/', import.meta.url));

/** How many layers and heads Atlas has. */
export const ATLAS = atlas();

function atlas(): { readonly layers: number; readonly heads: number } {
  const path = fileURLToPath(new URL('../../public/models/atlas/config.json', import.meta.url));
  const { n_layer, n_head } = JSON.parse(readFileSync(path, 'utf8')) as { n_layer: number; n_head: number };
  return { layers: n_layer, heads: n_head };
}

/**
 * Gives a folder the files of another without copying what is large: both have the very same ones, where the file
 * system can do that. They must never be written into, see {@link replaceFile}.
 */
export async function sameFiles(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files) {
    const copy = join(to, relative(from, file));
    await mkdir(dirname(copy), { recursive: true });
    await link(file, copy).catch(() => copyFile(file, copy));
  }
}

/** Puts a new file in a file's place, which another folder may share. */
async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  await rm(path);
  await writeFile(path, content);
}

interface ListedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

type Server = Awaited<ReturnType<typeof serveFolder>>;

/** A copy of the built site on a server of its own, which a test may stop, start again and change. */
export class Site {
  readonly folder: string;
  readonly #base: string;
  readonly #isolated: boolean;
  /** Slows every body down, from the next {@link up} on. */
  bytesPerSecond: number | undefined;
  #server: Server | undefined;
  #port = 0;

  private constructor(folder: string, basePath: string, isolated: boolean) {
    this.folder = folder;
    this.#base = basePath;
    this.#isolated = isolated;
  }

  static async start({ base: basePath = '/', isolated = true, dist = DIST } = {}): Promise<Site> {
    const folder = await mkdtemp(join(tmpdir(), 'strata-site-'));
    await sameFiles(dist, folder);
    const site = new Site(folder, basePath, isolated);
    await site.up();
    return site;
  }

  get url(): string {
    if (!this.#server) throw new Error('The site is down.');
    return this.#server.url;
  }

  /** Paths asked for since the server started. */
  get requests(): readonly string[] {
    return this.#server?.requests ?? [];
  }

  async up(): Promise<void> {
    const headers = this.#isolated ? ISOLATION_HEADERS : {};
    const pace = this.bytesPerSecond === undefined ? {} : { bytesPerSecond: this.bytesPerSecond };
    this.#server = await serveFolder(this.folder, { port: this.#port, base: this.#base, headers, ...pace });
    this.#port = Number(new URL(this.#server.url).port);
  }

  /** Serves on, at another pace. */
  async pace(bytesPerSecond: number | undefined): Promise<void> {
    this.bytesPerSecond = bytesPerSecond;
    await this.down();
    await this.up();
  }

  async down(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  /** Puts a new version online: the page carries a mark, and the service worker's list says it changed. */
  async publish(mark: string): Promise<void> {
    const page = join(this.folder, 'index.html');
    const html = await readFile(page, 'utf8');
    await replaceFile(page, html.replace(/<html lang="en"[^>]*>/, `<html lang="en" data-version="${mark}">`));
    await this.#precache('index.html', mark);
  }

  /** Puts a new version online whose Atlas has another file. */
  async publishAtlas(mark: string, changed: string): Promise<void> {
    const folder = join(this.folder, 'models/atlas');
    const bytes = Buffer.concat([await readFile(join(folder, changed)), Buffer.from('\n')]);
    await replaceFile(join(folder, changed), bytes);
    const list = JSON.parse(await readFile(join(folder, 'files.json'), 'utf8')) as { files: ListedFile[] };
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const files = list.files.map((file) => (file.path === changed ? { ...file, bytes: bytes.length, sha256 } : file));
    await replaceFile(join(folder, 'files.json'), JSON.stringify({ ...list, files }));
    await this.#precache('models/atlas/files.json', mark);
    await this.publish(mark);
  }

  /** Changes what the service worker's list says of a file, as another build would. */
  async #precache(url: string, revision: string): Promise<void> {
    const worker = join(this.folder, 'sw.js');
    const script = await readFile(worker, 'utf8');
    const entry = new RegExp(`\\{[^{}]*["']?url["']?:\\s*["'\`]${url.replaceAll('.', '\\.')}["'\`][^{}]*\\}`);
    if (!entry.test(script)) throw new Error(`sw.js does not list ${url}.`);
    await replaceFile(worker, script.replace(entry, JSON.stringify({ url, revision })));
  }

  /** Changes one byte of a file. */
  async corrupt(path: string): Promise<{ mend: () => Promise<void> }> {
    const file = join(this.folder, path);
    const good = await readFile(file);
    const bad = Buffer.from(good);
    bad[bad.length - 2]! ^= 1;
    await replaceFile(file, bad);
    return { mend: () => replaceFile(file, good) };
  }

  async remove(): Promise<void> {
    await this.down();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** What a page said and asked for that it should not have. */
export class Complaints {
  readonly #found: string[] = [];

  constructor(page: Page) {
    page.on('console', (message) => {
      if (message.type() === 'error' || /Content Security Policy/.test(message.text()))
        this.#found.push(message.text());
    });
    page.on('pageerror', (error) => this.#found.push(String(error)));
    page.context().on('request', (request) => {
      const { hostname, protocol } = new URL(request.url());
      if (/^(https?|wss?):$/.test(protocol) && hostname !== 'localhost')
        this.#found.push(`third party: ${request.url()}`);
    });
  }

  /** Everything but lines that match, for tests that cause trouble on purpose. */
  except(pattern: RegExp): string[] {
    return this.#found.filter((line) => !pattern.test(line));
  }

  get all(): readonly string[] {
    return this.#found;
  }
}

/** Tests with a site of their own; `complaints` must be empty at the end unless the test looks at them itself. */
export const test = base.extend<{ site: Site; complaints: Complaints }>({
  // Playwright reads the first parameter's pattern to learn what a fixture needs.
  // eslint-disable-next-line no-empty-pattern
  site: async ({}, use) => {
    const site = await Site.start();
    await use(site);
    await site.remove();
  },
  complaints: async ({ page }, use) => {
    await use(new Complaints(page));
  },
});

export { expect };

/** Waits until the service worker has the shell and is in charge of the page. */
export async function controlled(page: Page): Promise<void> {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === 'activated');
}

/** Waits until everything that is needed without a network is on the device. */
export async function readyOffline(page: Page): Promise<void> {
  await expect(page.getByText('ready to work offline')).toBeVisible({ timeout: 120_000 });
}

/** Waits until Atlas has answered the first fact. */
export async function probed(page: Page): Promise<void> {
  await expect(page.getByRole('status', { name: 'Verdict' })).toContainText(/\d/, { timeout: 120_000 });
  await expect(page.getByRole('grid', { name: 'Logit lens' })).toBeVisible();
}

/** Opens the page past its first visit: the tour does not stand in the way. */
export async function open(page: Page, url: string): Promise<void> {
  await page.addInitScript(() => localStorage.setItem('strata:tour-seen', 'true'));
  await page.goto(url);
  await probed(page);
}

/**
 * Waits until verdict and figures answer what stands in the fields: nothing on the page is of an earlier text. It may be
 * asked right after a change, since the page says at once that it is at work.
 */
export async function answered(page: Page, timeout = 30_000): Promise<void> {
  await expect(page.locator('#verdict [aria-busy]')).toHaveAttribute('aria-busy', 'false', { timeout });
  await expect(page.locator('figure.stale')).toHaveCount(0, { timeout });
  await expect(page.getByText('Of an earlier question')).toHaveCount(0);
}

/** Waits until a page with Atlas has come to rest: its ledger is read, and other subjects are asked in the sentence. */
export async function settled(page: Page): Promise<void> {
  await expect(page.getByRole('status', { name: 'Verdict' })).toContainText(/With .*subject/);
  await answered(page);
}

/** Waits until the page has decided how it runs and has begun to load its model: from then on it does not reload. */
export async function begun(page: Page): Promise<void> {
  await expect.poll(() => page.workers().length).toBeGreaterThan(0);
}

/** Has the browser look for a new version of the app now. */
export async function lookForUpdate(page: Page): Promise<void> {
  await page.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
}

/** The mark of {@link Site.publish}; undefined in the first version. */
export async function versionOf(page: Page): Promise<string | undefined> {
  return page.evaluate(() => document.documentElement.dataset['version']);
}
