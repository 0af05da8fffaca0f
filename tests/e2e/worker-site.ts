import { test as base, expect } from '@playwright/test';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { pagePolicy } from '../../.config/build/page-policy.ts';
import { RUNTIME_PATH, runtimeFiles } from '../../.config/build/runtime-files.ts';
import { ISOLATION_HEADERS, serveFolder } from '../../.config/build/static-server.mjs';
import { shippedChecks } from '../../.config/build/shipped-checks.ts';
import { transformersSource } from '../../.config/build/transformers-source.ts';
import { TESTED_LAYOUTS } from '../../src/models/tested-layouts.ts';
import { WORKER_POLICY } from '../../src/service-worker/policy.ts';
import { WORKER_SCRIPT } from './model-workers.ts';
import { readSafetensors } from '../fixtures/safetensors.ts';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const FIXTURES = TESTED_LAYOUTS.map(({ fixture }) => fixture);

/** Whether PyTorch's lens of the second prompt is in a fixture's reference; the smaller ones have it of the first alone. */
function hasLens(fixture: string): boolean {
  const bytes = readFileSync(join(REPOSITORY, 'tests/fixtures', fixture, 'reference.safetensors'));
  return readSafetensors(bytes).tensors.has('1/logit_lens');
}

/** Fixtures of the zoo's shape, four layers with attention in each: the zoo, and layouts that it has no example of. */
export const MODELS = TESTED_LAYOUTS.filter(
  ({ fixture, family, dtypes }) =>
    !fixture.startsWith('families/') && family !== 'lfm2' && dtypes.includes('fp32') && hasLens(fixture),
).map(({ fixture }) => fixture);
const BUNDLED = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'];

/** A page with nothing on it but the worker's client, as built as the app is, and a small model in place of Atlas. */
export class WorkerSite {
  private constructor(
    readonly folder: string,
    private server: Awaited<ReturnType<typeof serveFolder>> | undefined,
  ) {}

  static async start(): Promise<WorkerSite> {
    const folder = await mkdtemp(join(tmpdir(), 'strata-worker-'));
    await build({
      configFile: false,
      root: REPOSITORY,
      base: './',
      publicDir: false,
      logLevel: 'warn',
      plugins: [transformersSource(), runtimeFiles(), pagePolicy()],
      define: { __STRATA_VERSION__: '"test"', __STRATA_RUNTIME__: JSON.stringify(RUNTIME_PATH) },
      resolve: { conditions: ['onnxruntime-web-use-extern-wasm', 'module', 'browser', 'development|production'] },
      worker: {
        format: 'es',
        plugins: () => [transformersSource(), shippedChecks()],
        rolldownOptions: { checks: { pluginTimings: false } },
      },
      build: {
        target: 'es2022',
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        outDir: folder,
        emptyOutDir: true,
        rolldownOptions: {
          input: join(REPOSITORY, 'tests/e2e/worker-page/index.html'),
          checks: { pluginTimings: false },
        },
      },
    });
    await addModels(folder);
    const site = new WorkerSite(folder, undefined);
    await site.up();
    return site;
  }

  get url(): string {
    if (!this.server) throw new Error('The site is down.');
    return `${this.server.url}tests/e2e/worker-page/index.html`;
  }

  get requests(): readonly string[] {
    return this.server?.requests ?? [];
  }

  async up(port = 0): Promise<void> {
    // The page carries its own policy too; both must be met.
    const headers = { ...ISOLATION_HEADERS, 'Content-Security-Policy': WORKER_POLICY };
    this.server = await serveFolder(this.folder, { port, base: '/strata/', headers });
  }

  /**
   * The same site on another port, where some files come without one of the headers.
   * @param spoilt.destination Only where they are asked for as this (Sec-Fetch-Dest).
   * @param spoilt.firstWorker Put before the script of the first worker that is started.
   */
  async without(
    header: string,
    paths: RegExp,
    spoilt: { readonly destination?: string; readonly firstWorker?: string } = {},
  ): Promise<{ url: string; close(): Promise<void> }> {
    const upstream = new URL(this.url);
    const { destination, firstWorker } = spoilt;
    let before = firstWorker ?? '';
    const server = createServer((request, response) => {
      const path = request.url ?? '/';
      const forward = get({ port: upstream.port, path, headers: request.headers }, (answer) => {
        const asked = destination === undefined || request.headers['sec-fetch-dest'] === destination;
        const kept = Object.entries(answer.headers).filter(([name]) => name !== header || !asked || !paths.test(path));
        // Else a header would come from the browser's cache after all.
        const headers = { ...Object.fromEntries(kept), 'Cache-Control': 'no-store' };
        if (before !== '' && WORKER_SCRIPT.test(path)) {
          const length = Number(answer.headers['content-length']) + Buffer.byteLength(before);
          response.writeHead(answer.statusCode ?? 500, { ...headers, 'content-length': length }).write(before);
          before = '';
        } else {
          response.writeHead(answer.statusCode ?? 500, headers);
        }
        answer.pipe(response);
      });
      forward.on('error', () => response.destroy());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const close = () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    return { url: `http://localhost:${port}${upstream.pathname}`, close };
  }

  async remove(): Promise<void> {
    await this.server?.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function addModels(folder: string): Promise<void> {
  const fixtures = join(REPOSITORY, 'tests/fixtures');
  const zoo = join(fixtures, 'zoo/optimum-gpt2');
  for (const name of FIXTURES) {
    await cp(join(fixtures, name), join(folder, name), { recursive: true });
    const found = await readdir(join(fixtures, name), { recursive: true, withFileTypes: true });
    const paths = found
      .filter((entry) => entry.isFile() && entry.name !== 'reference.safetensors')
      .map((entry) => relative(join(fixtures, name), join(entry.parentPath, entry.name)).split(sep).join('/'));
    await writeFile(join(folder, name, 'paths.json'), JSON.stringify(paths));
  }
  await cp(join(REPOSITORY, 'tests/contract/value-weighted.json'), join(folder, 'zoo/value-weighted.json'));
  const atlas = join(folder, 'models/atlas');
  await mkdir(join(atlas, 'onnx'), { recursive: true });
  const files = [];
  for (const path of BUNDLED) {
    await cp(join(zoo, path), join(atlas, path));
    const sha256 = createHash('sha256')
      .update(await readFile(join(zoo, path)))
      .digest('hex');
    files.push({ path, bytes: (await stat(join(zoo, path))).size, sha256 });
  }
  await writeFile(join(atlas, 'files.json'), JSON.stringify({ files }));
}

/** Tests of the worker alone; the site is built once for all of them. */
export const test = base.extend<{ opened: undefined }, { site: WorkerSite }>({
  site: [
    // Playwright reads the first parameter's pattern to learn what a fixture needs.
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const site = await WorkerSite.start();
      await use(site);
      await site.remove();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
  opened: [
    async ({ page, site }, use) => {
      await page.goto(site.url);
      await page.waitForFunction(() => 'strata' in window);
      await use(undefined);
    },
    { auto: true },
  ],
});

export { expect };
