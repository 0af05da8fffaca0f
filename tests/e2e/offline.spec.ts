import type { Page } from '@playwright/test';
import { findings, findingsInBothThemes } from './axe';
import {
  answered,
  Complaints,
  controlled,
  expect,
  lookForUpdate,
  probed,
  readyOffline,
  Site,
  test,
  versionOf,
} from './site';

test.use({ serviceWorkers: 'allow' });

async function dismissTour(page: Page): Promise<void> {
  const tour = page.getByRole('dialog', { name: 'Tour' });
  await expect(tour).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(tour).toBeHidden();
}

test('after one visit it starts and probes with the server gone', async ({ page, site, complaints }) => {
  await page.goto(site.url);
  await probed(page);
  await readyOffline(page);
  await site.down();
  await page.reload();
  await probed(page);
  await dismissTour(page);
  await page.getByRole('textbox', { name: 'Prompt' }).fill('The capital of Italy is');
  await answered(page);
  await expect(page.getByRole('grid', { name: 'Logit lens' })).toContainText('·Italy');
  await page.getByRole('button', { name: 'Facts' }).click();
  await page.getByRole('searchbox', { name: 'Search facts' }).fill('capital of France');
  await expect(page.getByRole('dialog').getByRole('list', { name: 'Facts' }).getByText('Paris').first()).toBeVisible();
  expect(complaints.all).toEqual([]);
});

test('a plain static host under a sub-path: threads, offline, and nothing of another app touched', async ({ page }) => {
  const site = await Site.start({ base: '/strata/', isolated: false });
  const complaints = new Complaints(page);
  try {
    await page.goto(site.url);
    await probed(page);
    await readyOffline(page);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
    await expect(page.getByRole('combobox', { name: 'Runs on' })).toContainText(/WASM, \d+ threads/);
    expect(site.requests.filter((path) => !path.startsWith('/strata/'))).toEqual([]);
    await site.down();
    await page.reload();
    await probed(page);
    expect(complaints.all).toEqual([]);
  } finally {
    await site.remove();
  }
});

test("the worker's script comes with its own policy once the service worker is in charge", async ({ page, site }) => {
  await page.goto(site.url);
  await controlled(page);
  const served = page.waitForResponse(
    (response) => /\/assets\/entry-[^/]+\.js$/.test(response.url()) && response.fromServiceWorker(),
  );
  await page.reload();
  const headers = await (await served).allHeaders();
  expect(headers['content-security-policy']).toContain("script-src 'self' 'wasm-unsafe-eval'");
  await probed(page);
});

test('a new version announces itself and waits for the click', async ({ page, site, complaints }) => {
  await page.goto(site.url);
  await probed(page);
  await controlled(page);
  await site.publish('next');
  await lookForUpdate(page);
  const restart = page.getByRole('button', { name: 'Restart with it' });
  await expect(restart).toBeVisible();
  expect(await versionOf(page)).toBeUndefined();
  await dismissTour(page);
  expect(await findings(page)).toEqual([]);
  // Not even a visit takes it unasked.
  await page.reload();
  await probed(page);
  expect(await versionOf(page)).toBeUndefined();
  await restart.click();
  await page.waitForFunction(() => document.documentElement.dataset['version'] === 'next');
  await probed(page);
  await expect(restart).toBeHidden();
  expect(complaints.all).toEqual([]);
});

test('two tabs at once fetch the runtime once', async ({ context, site }) => {
  const [first, second] = [await context.newPage(), await context.newPage()];
  await Promise.all([first.goto(site.url), second.goto(site.url)]);
  await Promise.all([probed(first), probed(second)]);
  expect(site.requests.filter((path) => path.endsWith('.wasm'))).toHaveLength(1);
});

test('a tab closed midway and a lost connection: the download goes on from there', async ({ context, site }) => {
  // Slow enough that the runtime takes a quarter of a minute, so that there is a midway.
  await site.pace(2 ** 20);
  const first = await context.newPage();
  await first.goto(site.url);
  await expect.poll(() => storedSegments(first), { timeout: 120_000 }).toBeGreaterThan(0);
  await site.down();
  await expect(first.getByRole('progressbar', { name: 'Download progress' })).toBeVisible();
  expect(await findingsInBothThemes(first)).toEqual([]);
  await first.close();
  await site.up();
  const page = await context.newPage();
  const ranges: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.url().endsWith('.wasm')) ranges.push(request.headers()['range']);
  });
  const resumed = page.waitForResponse(/\.wasm$/);
  const lost = page.waitForEvent('requestfailed', (request) => request.url().endsWith('.wasm'));
  await page.goto(site.url);
  await resumed;
  await site.down();
  await lost;
  site.bytesPerSecond = undefined;
  await site.up();
  await probed(page);
  expect(ranges.length).toBeGreaterThan(1);
  expect(ranges.every((range) => range !== undefined && Number(/\d+/.exec(range)?.[0]) >= 4 * 2 ** 20)).toBe(true);
});

test('a file that is not what it should be is refused, and the next try succeeds', async ({ page, site }) => {
  const wrong = await site.corrupt('models/atlas/tokenizer.json');
  await page.goto(site.url);
  const alert = page.getByText(/checksum|not the file it should be|damaged/i).first();
  await expect(alert).toBeVisible();
  expect(await findingsInBothThemes(page)).toEqual([]);
  await wrong.mend();
  await page.getByRole('button', { name: 'Try again' }).first().click();
  await probed(page);
});

test('storage full: it works from memory and says so', async ({ page, site }) => {
  // On the origin first: an override set from another page does not survive the way there.
  await page.goto(`${site.url}manifest.webmanifest`);
  const session = await page.context().newCDPSession(page);
  await session.send('Storage.overrideQuotaForOrigin', { origin: new URL(site.url).origin, quotaSize: 3_000_000 });
  await page.goto(site.url);
  await probed(page);
  await expect(page.getByText(/no room to keep/)).toBeVisible();
  await expect(page.getByText('ready to work offline')).toBeHidden();
});

async function storedSegments(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const keys = await (await caches.open('strata-models-v1')).keys();
    return keys.filter(({ url }) => /\.wasm\?segment=\d+$/.test(url)).length;
  });
}
