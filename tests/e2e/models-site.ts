import type { Locator, Page } from '@playwright/test';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HUB_HOST, HubServer, STORAGE_HOST } from '../fixtures/hub-server';
import { test as base } from './site';

const ZOO = fileURLToPath(new URL('../fixtures/zoo/', import.meta.url));

export type Files = Map<string, Uint8Array>;

/** A folder of the zoo, by path. */
export async function zoo(name: string): Promise<Files> {
  const folder = join(ZOO, name);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = async (path: string) =>
    [path.slice(folder.length + 1).replaceAll('\\', '/'), await readFile(path)] as const;
  return new Map(await Promise.all(files.map(read)));
}

/** The same model with weights of several segments: what is behind the part its graph names is never read. */
async function large(): Promise<Files> {
  const files = await zoo('genai-llama');
  const padded = new Uint8Array(10 * 2 ** 20);
  padded.set(files.get('onnx/model.onnx_data')!);
  return files.set('onnx/model.onnx_data', padded);
}

/** A port nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export const SECRET = 'hf_secret';

/**
 * Tests with the page as it is built and a hub of their own. Nothing in the page points it there: this browser alone
 * resolves the hub's names to this machine (docs/decisions/0006-a-hub-for-tests.md).
 */
export const test = base.extend<{ hub: HubServer }, { hubPort: number }>({
  hubPort: [
    // Playwright reads the first parameter's pattern to learn what a fixture needs.
    // eslint-disable-next-line no-empty-pattern
    async ({}, use) => {
      await use(await freePort());
    },
    { scope: 'worker' },
  ],
  browser: [
    async ({ playwright, launchOptions, hubPort }, use) => {
      const rules = [HUB_HOST, STORAGE_HOST].map((host) => `MAP ${host} 127.0.0.1:${hubPort}`).join(', ');
      const args = [...(launchOptions.args ?? []), `--host-resolver-rules=${rules}`, '--ignore-certificate-errors'];
      const browser = await playwright.chromium.launch({ ...launchOptions, args });
      await use(browser);
      await browser.close();
    },
    { scope: 'worker' },
  ],
  hub: async ({ hubPort }, use) => {
    const hub = await HubServer.start({
      repositories: {
        'zoo/gpt2': await zoo('optimum-gpt2'),
        'zoo/large': await large(),
        'zoo/private': await zoo('optimum-qwen2'),
      },
      gated: { 'zoo/private': SECRET },
      asHub: { port: hubPort },
    });
    await use(hub);
    await hub.close();
  },
});

export { expect, open } from './site';

export const dialog = (page: Page): Locator => page.getByRole('dialog', { name: 'Models' });
export const model = (page: Page): Locator => page.getByRole('combobox', { name: 'Model' });

/** Opens the dialog by the combobox's last line. */
export async function openModels(page: Page): Promise<Locator> {
  await model(page).click();
  await page.getByRole('option', { name: 'More models…' }).click();
  await dialog(page).waitFor();
  return dialog(page);
}

export async function lookUp(page: Page, id: string): Promise<void> {
  await dialog(page).getByRole('textbox', { name: 'Hub id' }).fill(id);
  await dialog(page).getByRole('button', { name: 'Look up', exact: true }).click();
}

/** Keys of what is stored of hub models, records and segments. */
export async function storedHubKeys(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const keys = await (await caches.open('strata-models-v1')).keys();
    return keys
      .map(({ url }) => new URL(url))
      .flatMap(({ pathname, search }) => (pathname.startsWith('/hub/') ? [decodeURIComponent(pathname) + search] : []));
  });
}
