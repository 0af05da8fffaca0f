import type { BrowserContext, Page } from '@playwright/test';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COMMIT, HubServer } from '../fixtures/hub-server';
import { zip } from '../fixtures/zip';
import { hostileModels } from './hostile';
import { answered, ATLAS, controlled, lookForUpdate, probed, readyOffline, settled, versionOf } from './site';
import {
  dialog,
  expect,
  lookUp,
  model,
  open,
  openModels,
  SECRET,
  storedHubKeys,
  test,
  zoo,
  type Files,
} from './models-site';

test.use({ serviceWorkers: 'allow' });

const LARGE = 'zoo/large · fp32';
/** Between two tries the page waits a tenth of what it would. */
async function hurry(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const later = window.setTimeout.bind(window);
    const hurried = (act: TimerHandler, wait = 0, ...rest: unknown[]) =>
      later(act, wait >= 500 && wait <= 8000 ? wait / 10 : wait, ...rest);
    window.setTimeout = hurried as typeof setTimeout;
  });
}

const download = (page: Page, name: string) => page.getByRole('region', { name: `Download of ${name}` });
const failed = (page: Page) => page.getByRole('alert').filter({ hasText: 'could not be opened' });

/** Begins the download of the model with several segments; after the first the server falls silent, or pauses. */
async function beginLarge(page: Page, hub: HubServer, kind: 'stall' | 'pause' = 'stall'): Promise<void> {
  hub.fail('onnx/model.onnx_data', { kind, after: 5 * 2 ** 20 });
  await openModels(page);
  await lookUp(page, 'zoo/large');
  await page.getByRole('button', { name: `Download ${LARGE}` }).click();
}

/** Waits until a whole segment of the weights is stored, so that there is something to keep. */
async function midway(page: Page): Promise<void> {
  const segments = async () => (await storedHubKeys(page)).filter((key) => key.includes('onnx_data?segment='));
  await expect.poll(async () => (await segments()).length, { timeout: 60_000 }).toBeGreaterThan(0);
}

const ranges = (hub: HubServer): (string | undefined)[] =>
  hub.requests
    .filter(({ path }) => path.startsWith('/resolve-cache/') && path.endsWith('onnx_data'))
    .map(({ range }) => range);

const usable = (page: Page, name: string) =>
  dialog(page)
    .getByRole('button', { name: `Use ${name}` })
    .first();

async function use(page: Page, name: string): Promise<void> {
  await usable(page, name).click();
  await expect(dialog(page)).toBeHidden();
  await expect(model(page)).toContainText(name);
  await probed(page);
}

const archive = (files: Files): { name: string; mimeType: string; buffer: Buffer } => ({
  name: 'lesson.zip',
  mimeType: 'application/zip',
  buffer: Buffer.from(zip([...files].map(([path, content]) => ({ path: `lesson/${path}`, content })))),
});

async function openZip(page: Page, files: Files): Promise<void> {
  await openModels(page);
  await dialog(page).locator('input[accept*=zip]').setInputFiles(archive(files));
}

test('a model is looked up, downloaded, used; the text stays, and the card says what is inside', async ({
  page,
  site,
  hub,
}) => {
  await open(page, site.url);
  await page.getByRole('textbox', { name: 'Prompt' }).fill('The capital of Italy is');
  await openModels(page);
  await lookUp(page, `zoo/gpt2@${COMMIT}`);
  const offer = dialog(page).getByRole('listitem').filter({ hasText: 'q8' }).first();
  await expect(offer).toContainText(/\d+\skB/);
  await page.getByRole('button', { name: 'Download zoo/gpt2 · fp32' }).click();
  await use(page, 'zoo/gpt2 · fp32');
  await expect(page.getByRole('textbox', { name: 'Prompt' })).toHaveValue('The capital of Italy is');
  await expect(page.getByRole('grid', { name: 'Logit lens' }).getByRole('row')).toHaveCount(1 + 5);
  await expect(page.getByText('What this model was taught is not known here.')).toBeVisible();
  expect(hub.requests.some(({ path }) => path.startsWith('/resolve-cache/'))).toBe(true);
  await page.getByRole('button', { name: /^About zoo\/gpt2/ }).click();
  const term = (name: string) => dialog(page).locator('dt', { hasText: name }).locator('xpath=../dd');
  await expect(term('Family')).toHaveText('gpt2');
  await expect(term('Layers')).toHaveText('4');
  await expect(term('Vocabulary')).toHaveText('512');
  await expect(dialog(page).getByRole('rowheader', { name: 'blocks.*.attn.hook_pattern' })).toBeVisible();
  await dialog(page).getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'Facts', exact: true }).click();
  await expect(page.getByRole('dialog')).toContainText('without a ledger');
  await page.keyboard.press('Escape');
  await model(page).click();
  await page.getByRole('option', { name: 'Atlas' }).click();
  await expect(page.getByRole('grid', { name: 'Logit lens' }).getByRole('row')).toHaveCount(2 + ATLAS.layers);
});

/** Counts, in every page to come, how often the browser is asked to keep what is stored. */
async function countPersist(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const { storage } = navigator;
    const persist = storage.persist.bind(storage);
    let asked = 0;
    storage.persist = () => {
      document.documentElement.dataset['asked'] = String(++asked);
      return persist();
    };
  });
}
const persistAsked = (page: Page) => page.evaluate(() => Number(document.documentElement.dataset['asked'] ?? 0));

test('two precisions are kept on asking once, laid side by side, and deleted together', async ({
  page,
  context,
  site,
  hub,
}) => {
  await countPersist(context);
  await open(page, site.url);
  await openModels(page);
  await expect(dialog(page)).toContainText('With your first download Strata asks yours not to.');
  expect(await persistAsked(page)).toBe(0);
  await lookUp(page, 'zoo/gpt2');
  const names = ['zoo/gpt2 · fp32', 'zoo/gpt2 · q8'];
  for (const name of names) await page.getByRole('button', { name: `Download ${name}` }).click();
  for (const name of names) await expect(usable(page, name)).toBeVisible();
  await expect(dialog(page)).toContainText(/keeps these until you delete them|may clear these when space runs short/);
  expect(await persistAsked(page)).toBe(1);
  hub.requests.length = 0;
  await page.getByRole('button', { name: 'Compare…' }).click();
  const ruler = page.getByRole('dialog', { name: 'Precision ruler' });
  for (const [index, side] of ['First model', 'Second model'].entries()) {
    await ruler.getByRole('combobox', { name: side }).selectOption({ label: names[index]! });
  }
  await ruler.getByRole('button', { name: 'Compare', exact: true }).click();
  await expect(ruler.getByRole('status', { name: 'Comparison' })).toContainText('the curves differ by', {
    timeout: 60_000,
  });
  await expect(ruler.getByRole('region', { name: `${names[1]!}: answer` })).toContainText('4 layers · q8');
  expect(hub.requests).toEqual([]);
  await page.keyboard.press('Escape');
  await openModels(page);
  await dialog(page).getByRole('button', { name: 'Delete all downloads' }).click();
  await dialog(page).getByRole('button', { name: 'Really delete 2 models?' }).click();
  await expect.poll(() => storedHubKeys(page)).toEqual([]);
  await expect(dialog(page).getByRole('button', { name: 'Delete zoo/gpt2' })).toHaveCount(0);
});

test('a download pauses, keeps what came, and goes on from there', async ({ page, site, hub }) => {
  await open(page, site.url);
  // Slow enough for its speed to be measured.
  hub.bytesPerSecond = 5_000_000;
  await beginLarge(page, hub);
  const row = download(page, LARGE);
  await expect(row).toContainText(/of 10\.\d\sMB/);
  await midway(page);
  await expect(row).toContainText(/\sMB a second/);
  await row.getByRole('button', { name: 'Pause' }).click();
  await expect(row).toContainText('Paused');
  hub.requests.length = 0;
  hub.bytesPerSecond = undefined;
  await row.getByRole('button', { name: 'Continue' }).click();
  await expect(usable(page, LARGE)).toBeVisible();
  expect(ranges(hub)).toEqual(['bytes=4194304-']);
});

test('a download that is cancelled leaves nothing; one whose rest the server refuses (416) begins again', async ({
  page,
  site,
  hub,
}) => {
  await open(page, site.url);
  await beginLarge(page, hub);
  await midway(page);
  await download(page, LARGE).getByRole('button', { name: 'Cancel' }).click();
  await expect(download(page, LARGE)).toBeHidden();
  await expect.poll(() => storedHubKeys(page)).toEqual([]);
  hub.fail('onnx/model.onnx_data', { kind: 'stall', after: 5 * 2 ** 20 });
  await page.getByRole('button', { name: `Download ${LARGE}` }).click();
  await midway(page);
  await download(page, LARGE).getByRole('button', { name: 'Pause' }).click();
  hub.requests.length = 0;
  hub.fail('onnx/model.onnx_data', { kind: 'status', status: 416 });
  await download(page, LARGE).getByRole('button', { name: 'Continue' }).click();
  await expect(usable(page, LARGE)).toBeVisible();
  expect(ranges(hub)).toEqual(['bytes=4194304-', undefined]);
});

test('a page closed midway: the next one goes on with the download', async ({ context, site, hub }) => {
  await countPersist(context);
  const first = await context.newPage();
  await open(first, site.url);
  await beginLarge(first, hub);
  await midway(first);
  expect(await persistAsked(first)).toBe(1);
  await first.close();
  hub.requests.length = 0;
  const page = await context.newPage();
  await open(page, site.url);
  await openModels(page);
  await expect(dialog(page).getByRole('listitem').filter({ hasText: LARGE })).toContainText('not complete');
  expect(hub.requests).toEqual([]);
  await page.getByRole('button', { name: `Continue the download of ${LARGE}` }).click();
  await use(page, LARGE);
  expect(ranges(hub)[0]).toBe('bytes=4194304-');
  expect(await persistAsked(page)).toBe(0);
});

test('what passes is got over: a body cut short, a wrong length, too many requests, a busy server', async ({
  page,
  site,
  hub,
}) => {
  await hurry(page);
  await open(page, site.url);
  hub.fail(
    'onnx/model.onnx',
    { kind: 'truncate', after: 1000 },
    { kind: 'drop', after: 5000 },
    { kind: 'content-length', value: 3000 },
    { kind: 'content-length', value: 50_000_000 },
  );
  hub.fail('tokenizer.json', { kind: 'status', status: 429, headers: { 'Retry-After': '1' } });
  hub.fail('config.json', { kind: 'status', status: 503 });
  hub.fail('api', { kind: 'status', status: 503 });
  await openModels(page);
  await lookUp(page, 'zoo/gpt2');
  await page.getByRole('button', { name: 'Download zoo/gpt2 · fp32' }).click();
  await use(page, 'zoo/gpt2 · fp32');
});

test('a wrong file is refused and thrown away, and the next try succeeds', async ({ page, site, hub }) => {
  await open(page, site.url);
  hub.fail('onnx/model.onnx', { kind: 'corrupt' });
  await openModels(page);
  await lookUp(page, 'zoo/gpt2');
  await page.getByRole('button', { name: 'Download zoo/gpt2 · fp32' }).click();
  const row = download(page, 'zoo/gpt2 · fp32');
  await expect(row.getByRole('alert')).toContainText('checksum');
  expect((await storedHubKeys(page)).filter((key) => key.includes('model.onnx'))).toEqual([]);
  await row.getByRole('button', { name: 'Continue' }).click();
  await use(page, 'zoo/gpt2 · fp32');
});

test('what is not there, or not for this page, is said in a sentence', async ({ page, site, hub }) => {
  await hurry(page);
  await open(page, site.url);
  await openModels(page);
  await lookUp(page, 'zoo/nothing');
  await expect(dialog(page)).toContainText('The hub has no such model');
  await lookUp(page, 'not an id');
  await expect(dialog(page)).toContainText('A hub id looks like owner/name');
  await lookUp(page, 'zoo/gpt2@nowhere');
  await expect(dialog(page)).toContainText('no such revision');
  await lookUp(page, 'zoo/gpt2');
  hub.fail('onnx/model.onnx', { kind: 'status', status: 404 });
  await page.getByRole('button', { name: 'Download zoo/gpt2 · fp32' }).click();
  const row = download(page, 'zoo/gpt2 · fp32');
  await expect(row.getByRole('alert')).toContainText('The hub has no such model');
  const noCors = Array.from({ length: 5 }, () => ({ kind: 'no-cors' }) as const);
  // The host that the hub sends large files on to, and then the hub itself.
  hub.fail('onnx/model.onnx', ...noCors);
  await row.getByRole('button', { name: 'Continue' }).click();
  hub.fail('api', ...noCors);
  await lookUp(page, 'zoo/large');
  await expect(row.getByRole('alert')).toContainText('does not allow this page to fetch', { timeout: 60_000 });
  await expect(dialog(page).getByText('does not allow this page to fetch')).toHaveCount(2, { timeout: 60_000 });
  await dialog(page).getByRole('button', { name: 'Close' }).click();
  await expect(model(page)).toContainText('Atlas');
});

test('access that ends midway: the page asks for a token, and what has come is kept', async ({ page, site, hub }) => {
  await open(page, site.url);
  hub.fail('onnx/model.onnx_data', { kind: 'truncate', after: 5 * 2 ** 20 }, { kind: 'status', status: 401 });
  await openModels(page);
  await lookUp(page, 'zoo/large');
  await page.getByRole('button', { name: `Download ${LARGE}` }).click();
  const row = download(page, LARGE);
  await expect(row.getByRole('alert')).toContainText('if you have access, give a token');
  await expect(dialog(page).getByLabel('Access token')).toBeVisible();
  // The whole is asked for too, since some servers refuse parts in this way.
  hub.fail('onnx/model.onnx_data', { kind: 'status', status: 403 }, { kind: 'status', status: 403 });
  await row.getByRole('button', { name: 'Continue' }).click();
  await expect(row.getByRole('alert')).toContainText('this token does not open the model');
  hub.requests.length = 0;
  await row.getByRole('button', { name: 'Continue' }).click();
  await expect(usable(page, LARGE)).toBeVisible();
  expect(ranges(hub)).toEqual(['bytes=4194304-']);
});

test('a gated model: the token goes to the hub alone and is kept nowhere', async ({ page, site, hub }) => {
  await open(page, site.url);
  await openModels(page);
  await expect(dialog(page).getByLabel('Access token')).toBeHidden();
  await lookUp(page, 'zoo/private');
  await expect(dialog(page)).toContainText('if you have access, give a token');
  const token = dialog(page).getByLabel('Access token');
  await expect(token).toHaveAttribute('type', 'password');
  await token.fill('wrong');
  await dialog(page).getByRole('button', { name: 'Look up', exact: true }).click();
  await expect(dialog(page)).toContainText('this token does not open the model');
  await token.fill(SECRET);
  await dialog(page).getByRole('button', { name: 'Look up', exact: true }).click();
  await page.getByRole('button', { name: 'Download zoo/private · fp32' }).click();
  await use(page, 'zoo/private · fp32');
  const stored = hub.requests.filter(({ path }) => path.startsWith('/resolve-cache/'));
  expect(stored.length).toBeGreaterThan(0);
  expect(stored.filter(({ authorization }) => authorization !== undefined)).toEqual([]);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]));
  expect(kept).not.toContain(SECRET);
  await page.reload();
  await probed(page);
  await openModels(page);
  await expect(dialog(page).getByLabel('Access token')).toBeHidden();
});

test('the server goes away midway and comes back', async ({ page, site, hub, hubPort }) => {
  await hurry(page);
  await open(page, site.url);
  await beginLarge(page, hub);
  await midway(page);
  await hub.close();
  const row = download(page, LARGE);
  await expect(row.getByRole('alert')).toContainText('What has arrived is kept', { timeout: 60_000 });
  const again = await HubServer.start({
    repositories: { 'zoo/large': hub.repository('zoo/large') },
    asHub: { port: hubPort },
  });
  await row.getByRole('button', { name: 'Continue' }).click();
  await use(page, LARGE);
  expect(ranges(again)[0]).toBe('bytes=4194304-');
  await again.close();
});

test('with hub and site gone a stored model answers; deleted, it is gone', async ({ page, site, hub }) => {
  await open(page, site.url);
  await openModels(page);
  await lookUp(page, 'zoo/gpt2');
  await page.getByRole('button', { name: 'Download zoo/gpt2 · q8' }).click();
  await expect(page.getByRole('button', { name: 'Use zoo/gpt2 · q8' }).first()).toBeVisible();
  await controlled(page);
  await dialog(page).getByRole('button', { name: 'Close' }).click();
  await readyOffline(page);
  await hub.close();
  await site.down();
  await page.reload();
  await probed(page);
  await model(page).click();
  await page.getByRole('option', { name: 'zoo/gpt2 · q8' }).click();
  await expect(page.getByRole('grid', { name: 'Logit lens' }).getByRole('row')).toHaveCount(1 + 5);
  await openModels(page);
  await page.getByRole('button', { name: 'Delete zoo/gpt2 · q8' }).click();
  await page.getByRole('button', { name: 'Really delete zoo/gpt2 · q8?' }).click();
  await expect.poll(() => storedHubKeys(page)).toEqual([]);
  await dialog(page).getByRole('button', { name: 'Close' }).click();
  // What was opened answers on.
  await page.getByRole('textbox', { name: 'Prompt' }).fill('Rome is the capital of');
  await answered(page);
  await expect(page.getByRole('grid', { name: 'Logit lens' }).getByRole('columnheader').last()).toHaveText('·of');
});

test('two tabs that want one model fetch it once', async ({ context, site, hub }) => {
  const [first, second] = [await context.newPage(), await context.newPage()];
  for (const tab of [first, second]) await open(tab, site.url);
  await beginLarge(first, hub, 'pause');
  await midway(first);
  await openModels(second);
  await second.getByRole('button', { name: `Continue the download of ${LARGE}` }).click();
  await expect(download(second, LARGE).getByRole('button', { name: 'Pause' })).toBeVisible();
  hub.resume();
  for (const tab of [first, second]) {
    await expect(usable(tab, LARGE)).toBeVisible({ timeout: 60_000 });
  }
  expect(ranges(hub)).toHaveLength(1);
});

/** What holds the lock that an update waits for, and what waits for it. */
const workLocks = (page: Page) =>
  page.evaluate(async () => {
    const { held, pending } = await navigator.locks.query();
    const modes = (locks: LockInfo[] | undefined) =>
      (locks ?? []).flatMap(({ name, mode }) => (name === 'strata-work' ? [mode] : []));
    return { held: modes(held), pending: modes(pending) };
  });

test('a new version waits for the download of another tab', async ({ context, site, hub }) => {
  const [page, other] = [await context.newPage(), await context.newPage()];
  for (const tab of [page, other]) {
    await open(tab, site.url);
    // What is still being asked would wait for the update as well.
    await settled(tab);
  }
  await controlled(page);
  await site.publish('next');
  await lookForUpdate(page);
  const restart = page.getByRole('button', { name: 'Restart with it' });
  await expect(restart).toBeVisible();
  await beginLarge(other, hub, 'pause');
  await midway(other);
  await restart.click();
  await expect(page.getByText('as soon as no tab is at work')).toBeVisible();
  await expect.poll(() => workLocks(page)).toEqual({ held: ['shared'], pending: ['exclusive'] });
  expect(await versionOf(page)).toBeUndefined();
  await expect(download(other, LARGE).getByRole('button', { name: 'Pause' })).toBeVisible();
  hub.resume();
  await page.waitForFunction(() => document.documentElement.dataset['version'] === 'next');
  // The tab that worked is not loaded again under the person's hands.
  await expect(usable(other, LARGE)).toBeVisible();
  expect(await versionOf(other)).toBeUndefined();
});

test('too little room is said before anything is fetched; tried all the same, the model answers from memory', async ({
  page,
  site,
  hub,
}) => {
  await open(page, site.url);
  await readyOffline(page);
  const session = await page.context().newCDPSession(page);
  const usage = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  const { origin } = new URL(site.url);
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 6 * 2 ** 20 });
  await openModels(page);
  await lookUp(page, 'zoo/large');
  await page.getByRole('button', { name: `Download ${LARGE}` }).click();
  const row = download(page, LARGE);
  await expect(row.getByRole('alert')).toContainText(/needs 10\.\d\sMB more/);
  expect(hub.requests.filter(({ path }) => path.includes('/resolve/'))).toEqual([]);
  await row.getByRole('button', { name: 'Try anyway' }).click();
  await expect(row.getByRole('alert')).toContainText('There is no more room on this device.');
  await row.getByRole('button', { name: 'Use without keeping it' }).click();
  await expect(dialog(page)).toBeHidden();
  await expect(model(page)).toContainText(LARGE);
  await expect(page.getByRole('grid', { name: 'Logit lens' }).getByRole('row')).toHaveCount(1 + 5, { timeout: 60_000 });
  await expect(page.getByText(/no room to keep/)).toBeVisible();
  expect((await storedHubKeys(page)).filter((key) => key.includes('onnx_data'))).toEqual([]);
});

test('a link asks for a model, and nothing is fetched until the person does', async ({ page, site, hub }) => {
  const link = '#v=1&prompt=The+capital+of+France+is&answer=Paris&model=hub%3Azoo%2Fgpt2%40main%3Afp32';
  await open(page, site.url + link);
  const note = page.getByText('This link was made with zoo/gpt2 · fp32');
  await expect(note).toBeVisible();
  await expect(model(page)).toContainText('Atlas');
  expect(hub.requests).toEqual([]);
  await page.getByRole('button', { name: 'Look it up…' }).click();
  await page.getByRole('button', { name: 'Download zoo/gpt2 · fp32' }).click();
  await use(page, 'zoo/gpt2 · fp32');
  // Now that it is here, the same link uses it, and its own link names the commit.
  await page.goto('about:blank');
  hub.requests.length = 0;
  await open(page, site.url + link);
  await expect(model(page)).toContainText('zoo/gpt2 · fp32');
  expect(hub.requests).toEqual([]);
  await page.getByRole('button', { name: 'Share' }).click();
  await expect.poll(() => decodeURIComponent(page.url())).toMatch(/model=hub:zoo\/gpt2@[0-9a-f]{40}:fp32/);
});

test('a folder is opened in the precision asked for, and nothing is uploaded', async ({ page, site, hub }) => {
  await open(page, site.url);
  // After the first answer the app itself is stored for use without a network.
  await readyOffline(page);
  const folder = fileURLToPath(new URL('../fixtures/zoo/optimum-gpt2', import.meta.url));
  const before = site.requests.length;
  await openModels(page);
  await dialog(page).locator('input[webkitdirectory]').setInputFiles(folder);
  await page.getByRole('button', { name: /^fp32, / }).click();
  await expect(model(page)).toContainText('optimum-gpt2 · fp32');
  await probed(page);
  expect(hub.requests).toEqual([]);
  expect(site.requests.slice(before).filter((path) => !/\.(js|css|wasm|json|mjs)$/.test(path))).toEqual([]);
});

test('a folder is dropped on the page and opened in the precision asked for', async ({ page, site }) => {
  await open(page, site.url);
  const folder = fileURLToPath(new URL('../fixtures/zoo/optimum-gpt2', import.meta.url));
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [folder], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 400, y: 400, data });
  }
  await page.getByRole('button', { name: /^fp32, / }).click();
  await expect(model(page)).toContainText('optimum-gpt2 · fp32');
  await expect(page.getByRole('grid', { name: 'Logit lens' }).getByRole('row')).toHaveCount(1 + 5);
});

test('a zip is opened, chosen or dropped on the page', async ({ page, site }) => {
  await open(page, site.url);
  const files = await zoo('genai-qwen2');
  await openZip(page, files);
  await expect(model(page)).toContainText('lesson · fp32');
  await probed(page);
  await expect(dialog(page)).toBeHidden();
  await model(page).click();
  await page.getByRole('option', { name: 'Atlas' }).click();
  await expect(model(page)).toContainText('Atlas');
  await probed(page);
  const transfer = await page.evaluateHandle(
    ({ base64 }) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const dropped = new DataTransfer();
      dropped.items.add(new File([bytes], 'lesson.zip'));
      return dropped;
    },
    { base64: archive(files).buffer.toString('base64') },
  );
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer });
  await expect(page.getByText('nothing is uploaded.', { exact: false }).first()).toBeVisible();
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
  await expect(model(page)).toContainText('lesson · fp32');
  await probed(page);
});

test('files that are no model are refused with the reason, and Atlas answers on', async ({ page, site }) => {
  await open(page, site.url);
  const good = await zoo('optimum-gpt2');
  good.delete('onnx/model_quantized.onnx');
  await openModels(page);
  const input = dialog(page).locator('input[accept*=zip]');
  const bytes = Buffer.from(zip([{ path: '../../evil/config.json', content: Buffer.from('{}') }]));
  await input.setInputFiles({ name: 'evil.zip', mimeType: 'application/zip', buffer: bytes });
  await expect(dialog(page)).toContainText('a file name that leads out of it');
  const zeros = { path: 'onnx/model.onnx', content: new Uint8Array(4 * 2 ** 20) };
  await input.setInputFiles({ name: 'bomb.zip', mimeType: 'application/zip', buffer: Buffer.from(zip([zeros])) });
  await expect(dialog(page)).toContainText('it would unpack to far more than it is');
  await input.setInputFiles({ name: 'notes.zip', mimeType: 'application/zip', buffer: Buffer.from('no archive') });
  await expect(dialog(page)).toContainText('it is not a zip file');
  await input.setInputFiles(archive(new Map([['readme.txt', Buffer.from('x')]])));
  await expect(dialog(page)).toContainText('There is no .onnx file here');
  // What a list promises is found to be a lie only when the file is unpacked, after the dialog.
  const config = { path: 'config.json', content: good.get('config.json')! };
  const lying = Buffer.from(zip([config, { ...zeros, claimed: 5000 }]));
  await input.setInputFiles({ name: 'bomb.zip', mimeType: 'application/zip', buffer: lying });
  await expect(dialog(page)).toBeHidden();
  await expect(failed(page)).toContainText('bomb · fp32 could not be opened, so Atlas answers on.');
  await expect(failed(page)).toContainText('a file in it is larger than its list says');
  await openModels(page);
  const cut = good.get('onnx/model.onnx')!.slice(0, 5000);
  await input.setInputFiles(archive(new Map([...good, ['onnx/model.onnx', cut]])));
  await expect(dialog(page)).toBeHidden();
  await expect(failed(page)).toContainText('lesson · fp32 could not be opened, so Atlas answers on.');
  await expect(model(page)).toContainText('Atlas');
  await probed(page);
  await page.getByRole('textbox', { name: 'Prompt' }).fill('The capital of Italy is');
  await answered(page);
  await expect(page.getByRole('grid', { name: 'Logit lens' })).toContainText('·Italy');
});

test('hostile files: each is refused in a sentence, Atlas answers on, and what was typed stays', async ({
  page,
  site,
  complaints,
}) => {
  await open(page, site.url);
  await page.getByRole('textbox', { name: 'Prompt' }).fill('The capital of Italy is');
  await page.getByRole('textbox', { name: 'Answer' }).fill('Rome');
  for (const { what, files, says } of await hostileModels()) {
    await openModels(page);
    const name = `<img src=x> ${what}`;
    const buffer = Buffer.from(zip([...files].map(([path, content]) => ({ path: `${name}/${path}`, content }))));
    const input = dialog(page).locator('input[accept*=zip]');
    await input.setInputFiles({ name: 'lesson.zip', mimeType: 'application/zip', buffer });
    await expect(failed(page), what).toContainText(`${name} · fp32 could not be opened, so Atlas answers on.`);
    await expect(failed(page), what).toContainText(says);
    await expect(model(page), what).toContainText('Atlas');
  }
  await expect(page.getByRole('status', { name: 'Verdict' })).toContainText('Rome');
  await expect(page.getByRole('textbox', { name: 'Prompt' })).toHaveValue('The capital of Italy is');
  await expect(page.locator('img')).toHaveCount(0);
  expect(complaints.all).toEqual([]);
});

test('a folder without a tokenizer, and one with a tokenizer of another model', async ({ page, site }, info) => {
  await open(page, site.url);
  const files = await zoo('genai-qwen2');
  const bare = new Map([...files].filter(([path]) => !path.startsWith('tokenizer')));
  const folder = await writeFolder(info.outputPath('bare'), bare);
  await openModels(page);
  await dialog(page).locator('input[webkitdirectory]').setInputFiles(folder);
  await expect(page.getByRole('alert')).toContainText('came without a tokenizer');
  await page.getByRole('button', { name: /^About .+ layers$/ }).click();
  await expect(dialog(page)).toContainText('qwen2');
  await dialog(page).getByRole('button', { name: 'Close' }).click();
  const atlas = fileURLToPath(new URL('../../public/models/atlas/tokenizer.json', import.meta.url));
  await openZip(page, new Map([...files, ['tokenizer.json', await readFile(atlas)]]));
  await expect(page.getByRole('alert')).toContainText('The tokenizer does not belong to this model');
  await page.getByRole('button', { name: 'Choose another model' }).click();
  await page.getByRole('button', { name: 'Use Atlas' }).click();
  await probed(page);
});

async function writeFolder(folder: string, files: Files): Promise<string> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}
