import type { Locator, Page } from '@playwright/test';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findings, findingsInBothThemes } from './axe';
import { expect, open, test } from './site';

const GPT2 = fileURLToPath(new URL('../fixtures/zoo/optimum-gpt2/', import.meta.url));

const ruler = (page: Page): Locator => page.getByRole('dialog', { name: 'Precision ruler' });
const side = (page: Page, name: string): Locator => ruler(page).getByRole('region', { name: `${name}: answer` });
const said = (page: Page): Locator => ruler(page).getByRole('status', { name: 'Comparison' });

async function openModels(page: Page): Promise<void> {
  await page.getByRole('combobox', { name: 'Model' }).click();
  await page.getByRole('option', { name: 'More models…' }).click();
}

/** A page whose model is a folder in its fp32 precision, with the ruler open. */
async function openRuler(page: Page, url: string, folder: string): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await open(page, url);
  await openModels(page);
  await page.getByLabel('Open folder…').locator('visible=false').setInputFiles(folder);
  await page.getByRole('button', { name: /^fp32, / }).click();
  await expect(page.getByRole('status', { name: 'Verdict' })).toContainText('optimum-gpt2');
  await openModels(page);
  await page.getByRole('button', { name: 'Compare…' }).click();
  await expect(ruler(page)).toBeVisible();
}

async function compare(page: Page): Promise<void> {
  await ruler(page).getByRole('button', { name: 'Compare', exact: true }).click();
  await expect(ruler(page).getByRole('figure', { name: 'Both curves' })).toBeVisible({ timeout: 60_000 });
}

test('two precisions of a folder are compared, and the numbers can be taken along', async ({
  page,
  site,
  complaints,
}) => {
  await openRuler(page, site.url, GPT2);
  const second = ruler(page).getByRole('combobox', { name: 'Second model' });
  await expect(ruler(page).getByRole('combobox', { name: 'First model' }).locator(':checked')).toHaveText(/fp32$/);
  await expect(second.locator(':checked')).toHaveText('optimum-gpt2 · q8');
  await compare(page);
  await expect(said(page)).toContainText(/^q8.*“Paris”.*the curves differ by/);
  await expect(side(page, 'optimum-gpt2 · fp32')).toContainText('4 layers · fp32');
  await expect(side(page, 'optimum-gpt2 · q8')).toContainText(/does not say|answers/);
  const shifts = ruler(page).getByRole('table', { name: 'Layer shift' });
  await expect(shifts.getByRole('row', { name: /^rank at the output/ })).toHaveText(/\d/);

  const saved = async (format: string): Promise<string> => {
    const download = page.waitForEvent('download');
    await ruler(page)
      .getByRole('button', { name: `Precision ruler as ${format}` })
      .click();
    return (await readFile(await (await download).path())).toString();
  };
  const json = JSON.parse(await saved('JSON')) as {
    provenance: Record<string, { dtype: string; sha256: Record<string, string> }>;
    numbers: { rows: { p: number[]; difference: number }[]; gap: { difference: number } };
  };
  expect(json.provenance['first']).toMatchObject({ dtype: 'fp32' });
  expect(json.provenance['second']).toMatchObject({ dtype: 'q8' });
  expect(Object.keys(json.provenance['second']!.sha256)).toContain('onnx/model_quantized.onnx');
  const { rows, gap } = json.numbers;
  expect(rows).toHaveLength(5);
  expect(gap.difference).not.toBe(0);
  expect(Math.abs(gap.difference)).toBe(Math.max(...rows.map(({ p }) => Math.abs(p[1]! - p[0]!))));
  const csv = await saved('CSV');
  expect(csv).toContain('# first model: optimum-gpt2 (gpt2, fp32), folder:optimum-gpt2');
  expect(csv).toContain('# second model: optimum-gpt2 (gpt2, q8), folder:optimum-gpt2');

  await ruler(page).getByRole('button', { name: 'Show as table' }).click();
  await expect(ruler(page).getByRole('region', { name: 'Precision ruler' }).getByRole('row')).toHaveCount(6);
  // Closed and opened again, the answers are still there; another fact has others.
  await page.keyboard.press('Escape');
  await expect(ruler(page)).toBeHidden();
  await openModels(page);
  await page.getByRole('button', { name: 'Compare…' }).click();
  await expect(said(page)).toContainText('“Paris”');
  await page.keyboard.press('Escape');
  await page.getByRole('textbox', { name: 'Answer' }).fill('Rome');
  await openModels(page);
  await page.getByRole('button', { name: 'Compare…' }).click();
  await expect(side(page, 'optimum-gpt2 · q8')).toContainText('Not asked yet.');
  expect(complaints.all).toEqual([]);
});

test('models of other depth are compared by keyboard alone, in both themes and on a phone', async ({ page, site }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await openRuler(page, site.url, GPT2);
  const second = ruler(page).getByRole('combobox', { name: 'Second model' });
  await second.focus();
  await page.keyboard.press('A');
  await expect(second.locator(':checked')).toHaveText('Atlas');
  await page.keyboard.press('Tab');
  await expect(ruler(page).getByRole('button', { name: 'Compare', exact: true })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(ruler(page).getByRole('figure', { name: 'Both curves' })).toBeVisible({ timeout: 60_000 });
  await expect(ruler(page)).toContainText('optimum-gpt2 has 4 layers and Atlas has 8.');
  await expect(side(page, 'Atlas')).toContainText('8 layers');
  expect(await findingsInBothThemes(page)).toEqual([]);
  const wide = await ruler(page).evaluate((dialog) => [dialog, ...dialog.children].map((one) => one.scrollWidth));
  expect(Math.max(...wide)).toBeLessThanOrEqual(390);
  await ruler(page).getByRole('button', { name: 'About “Both curves”' }).press('Enter');
  await expect(page.getByRole('dialog', { name: 'About the precision ruler' })).toBeVisible();
});

test('when one model fails, the other’s answer stays and the failed one can be tried again', async ({ page, site }) => {
  const parent = await mkdtemp(join(tmpdir(), 'strata-ruler-'));
  const folder = join(parent, 'optimum-gpt2');
  await cp(GPT2, folder, { recursive: true });
  await writeFile(join(folder, 'onnx/model_quantized.onnx'), 'This is no model.');
  await openRuler(page, site.url, folder);
  await ruler(page).getByRole('button', { name: 'Compare', exact: true }).click();
  const failed = side(page, 'optimum-gpt2 · q8');
  await expect(failed).toContainText(
    'The model file is damaged or not an ONNX file. The other model’s answer is kept.',
  );
  await expect(said(page)).toContainText('optimum-gpt2 · q8 could not be asked.');
  await expect(side(page, 'optimum-gpt2 · fp32')).toContainText('4 layers');
  expect(await findings(page)).toEqual([]);
  await failed.getByRole('button', { name: 'Try optimum-gpt2 · q8 again' }).click();
  await expect(failed).toContainText('The model file is damaged');
  await ruler(page).getByRole('combobox', { name: 'Second model' }).selectOption({ label: 'Atlas' });
  await compare(page);
  await expect(side(page, 'optimum-gpt2 · fp32')).toContainText('4 layers');
  await ruler(page).getByRole('combobox', { name: 'First model' }).selectOption({ label: 'Atlas' });
  await expect(ruler(page).getByText('Choose two different models')).toBeVisible();
  await expect(ruler(page).getByRole('button', { name: 'Compare', exact: true })).toBeDisabled();
  await rm(parent, { recursive: true, force: true });
});
