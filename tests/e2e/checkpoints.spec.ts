import type { Locator, Page } from '@playwright/test';
import { ATLAS, answered, expect, open, settled, test } from './site';
import { findingsInBothThemes } from './axe';

const dialog = (page: Page): Locator => page.getByRole('dialog', { name: 'Models' });
const ruler = (page: Page): Locator => page.getByRole('dialog', { name: 'Precision ruler' });
const verdict = (page: Page): Locator => page.getByRole('status', { name: 'Verdict' });

async function openModels(page: Page): Promise<void> {
  await page.getByRole('combobox', { name: 'Model' }).click();
  await page.getByRole('option', { name: 'More models…' }).click();
  await dialog(page).waitFor();
}

const step = (page: Page, label: string | RegExp): Locator =>
  dialog(page).getByRole('group', { name: 'Steps of training' }).getByRole('button', { name: label });

test('Atlas as it was early in its training is one press away, and deleted like any other', async ({
  page,
  site,
  complaints,
}) => {
  await open(page, site.url);
  await settled(page);
  const fetched: string[] = [];
  page.context().on('request', (request) => {
    if (request.url().includes('/checkpoints/')) fetched.push(request.url().replace(/.*checkpoints\//, ''));
  });
  await openModels(page);
  await expect(step(page, /^12,607: Atlas/)).toHaveAttribute('aria-current', 'true');
  await expect(dialog(page).getByRole('group', { name: 'Steps of training' }).getByRole('button')).toHaveCount(11);
  expect(await findingsInBothThemes(page)).toEqual([]);
  await step(page, 'Step 16 of Atlas').click();
  await expect(page.getByRole('combobox', { name: 'Model' })).toContainText('Atlas · step 16');
  await answered(page, 60_000);
  // After 16 steps it knows nothing yet; what was typed is asked all the same.
  await expect(verdict(page)).toContainText('Atlas · step 16');
  await expect(verdict(page)).not.toContainText(/knows this/);
  await expect(page.getByRole('grid', { name: 'Logit lens' }).getByRole('row')).toHaveCount(2 + ATLAS.layers);
  await expect(page.getByText('The ledger holds for the end of the training')).toBeVisible();
  expect(fetched).toEqual(['step-0000016/onnx/model.onnx']);

  // A link names it, and it opens from the device.
  await page.getByRole('textbox', { name: 'Prompt' }).fill('The capital of Italy is');
  await expect(page).toHaveURL(/model=atlas(%40|@)16/);
  await page.reload();
  await expect(page.getByRole('combobox', { name: 'Model' })).toContainText('Atlas · step 16');
  await answered(page, 60_000);
  expect(fetched).toHaveLength(1);

  await openModels(page);
  await step(page, /^12,607: Atlas/).click();
  await settled(page);
  await expect(verdict(page)).toContainText('Rome');
  await openModels(page);
  await dialog(page).getByRole('button', { name: 'Delete Atlas · step 16' }).click();
  await dialog(page).getByRole('button', { name: 'Really delete Atlas · step 16?' }).click();
  await expect(dialog(page).getByText('Atlas · step 16')).toHaveCount(0);
  await dialog(page).getByRole('button', { name: 'Close' }).click();
  await page.getByRole('combobox', { name: 'Model' }).click();
  await expect(page.getByRole('listbox').getByRole('option')).toHaveText(['Atlas', 'More models…']);
  expect(complaints.all).toEqual([]);
});

test('with Atlas alone the ruler compares it with a checkpoint, and says where others are', async ({ page, site }) => {
  await open(page, site.url);
  await settled(page);
  await openModels(page);
  await page.getByRole('button', { name: 'Compare…' }).click();
  await expect(ruler(page)).toContainText('So far Atlas is the only model here.');
  const second = ruler(page).getByRole('combobox', { name: 'Second model' });
  await expect(second.locator(':checked')).toHaveText('Step 645 of Atlas');
  await expect(second.locator('option')).toHaveCount(11);
  await second.selectOption({ label: 'Step 70 of Atlas' });
  await ruler(page).getByRole('button', { name: 'Compare', exact: true }).click();
  await expect(ruler(page).getByRole('figure', { name: 'Both curves' })).toBeVisible({ timeout: 60_000 });
  await expect(ruler(page).getByRole('status', { name: 'Comparison' })).toContainText(
    /Atlas · step 70 does not answer “Paris” as Atlas does/,
  );
  await ruler(page).getByRole('button', { name: 'Open Models' }).click();
  await expect(dialog(page).getByRole('textbox', { name: 'Hub id' })).toBeVisible();
});
