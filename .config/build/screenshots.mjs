// npm run screenshots: takes the README's picture and the manifest's from the built site. Build first.
import { chromium } from '@playwright/test';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { findChromium } from '../../tests/chromium.mjs';
import { ISOLATION_HEADERS, serveFolder } from './static-server.mjs';

const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const SHOTS = [
  { file: 'docs/screenshot.png', width: 1440, height: 900, scale: 1 },
  { file: 'public/screenshots/wide.png', width: 1280, height: 800, scale: 1 },
  { file: 'public/screenshots/narrow.png', width: 390, height: 844, scale: 2 },
];

await mkdir(path('public/screenshots'), { recursive: true });
const executablePath = await findChromium();
const browser = await chromium.launch({ args: ['--no-sandbox'], ...(executablePath ? { executablePath } : {}) });
const server = await serveFolder(path('dist'), { headers: ISOLATION_HEADERS });
for (const { file, width, height, scale } of SHOTS) {
  const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: scale, colorScheme: 'light' });
  await page.goto(server.url);
  await page.getByRole('status', { name: 'Verdict' }).getByText(/\d/).first().waitFor({ timeout: 240_000 });
  const skip = page.getByRole('button', { name: 'Skip the tour' });
  await skip.click({ timeout: 60_000 });
  // The null over other subjects and the heads' labels come a little later.
  await page.waitForTimeout(Number(process.env.SETTLE_MS ?? 4000));
  await page.mouse.move(0, 0);
  await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
  await page.screenshot({ path: path(file) });
  console.log(file);
  await page.close();
}
await server.close();
await browser.close();
