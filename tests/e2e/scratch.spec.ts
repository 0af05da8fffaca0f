import { writeFileSync, mkdirSync } from 'node:fs';
import { open, settled, test, expect, answered } from './site';
const OUT = '/tmp/p2shots'; mkdirSync(OUT, { recursive: true });
test('paper', async ({ page, site }) => {
  await page.addInitScript(() => { window.print = () => { document.documentElement.dataset['printed'] = '1'; }; });
  await open(page, site.url);
  await settled(page);
  await expect.poll(() => page.evaluate(() => {
    dispatchEvent(new Event('beforeprint')); const r = document.documentElement.hasAttribute('data-paper'); dispatchEvent(new Event('afterprint')); return r;
  })).toBe(true);
  for (const format of ['A4', 'Letter'] as const) {
    for (const background of [false, true]) writeFileSync(`${OUT}/page-${format}-${background}.pdf`, await page.pdf({ format, printBackground: background }));
    await page.getByRole('button', { name: 'Display' }).click();
    await page.getByRole('button', { name: 'Print a handout' }).click();
    await expect.poll(() => page.evaluate(() => document.documentElement.dataset['printed'])).toBe('1');
    writeFileSync(`${OUT}/handout-${format}.pdf`, await page.pdf({ format }));
    await page.evaluate(() => { delete document.documentElement.dataset['printed']; });
  }
  await page.getByRole('button', { name: 'Write on' }).click();
  await expect(page.getByRole('figure', { name: 'Continuation' })).toContainText(/Stopped after|ended the text/);
  await page.getByRole('textbox', { name: 'Prompt' }).fill(LONG);
  await answered(page, 60_000);
  await page.emulateMedia({ colorScheme: 'dark' });
  writeFileSync(`${OUT}/long-A4.pdf`, await page.pdf({ format: 'A4' }));
  await page.getByRole('button', { name: 'Display' }).click();
  await page.getByRole('button', { name: 'Print a handout' }).click();
  await expect.poll(() => page.evaluate(() => document.documentElement.dataset['printed'])).toBe('1');
  writeFileSync(`${OUT}/long-handout.pdf`, await page.pdf({ format: 'Letter' }));
});
const LONG =
  'In the spring of the year when the old bridge over the river was closed, the teacher told the class that the capital ' +
  'of France is Paris, that the capital of Italy is Rome, that the capital of Spain is Madrid, and that everyone should ' +
  'remember these names before the holidays began, because the test would ask for all of them one by one, and then she ' +
  'asked again what the capital of Germany is';
