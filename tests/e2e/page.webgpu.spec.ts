import type { Page, Worker } from '@playwright/test';
import { fileURLToPath } from 'node:url';
import { expect, probed, test } from './site';

const GPT2 = fileURLToPath(new URL('../fixtures/zoo/optimum-gpt2', import.meta.url));

/** As much of WebGPU as this test touches. */
interface Device {
  destroy(): void;
}
interface WorkerScope {
  GPUDevice: { prototype: Record<'createCommandEncoder', (...args: unknown[]) => unknown> };
  device: Device;
}

/** Threads of the runtime are workers too. */
const modelWorkers = (page: Page): Worker[] =>
  page.workers().filter((worker) => /\/entry-[^/]+\.js$/.test(worker.url()));

/** Remembers the device that the worker uses next. */
function watchDevice(worker: Worker): Promise<void> {
  return worker.evaluate(() => {
    const scope = globalThis as unknown as WorkerScope;
    const { prototype } = scope.GPUDevice;
    const create = prototype.createCommandEncoder;
    prototype.createCommandEncoder = function (this: Device, ...args: unknown[]) {
      scope.device = this;
      return create.apply(this, args);
    };
  });
}

test('the graphics device goes away: the page answers on, and nothing typed is lost', async ({ page, site }) => {
  test.setTimeout(480_000);
  await page.addInitScript(() => localStorage.setItem('strata:tour-seen', 'true'));
  await page.goto(site.url);
  await probed(page);
  await page.getByRole('combobox', { name: 'Model' }).click();
  await page.getByRole('option', { name: 'More models…' }).click();
  await page.getByLabel('Open folder…').locator('visible=false').setInputFiles(GPT2);
  await page.getByRole('button', { name: /^fp32, / }).click();
  await expect(page.getByRole('combobox', { name: 'Model' })).toContainText('optimum-gpt2');
  await probed(page);
  const backend = page.getByRole('combobox', { name: 'Runs on' });
  await backend.selectOption('webgpu');
  await expect(backend.locator(':checked')).toHaveText(/^WebGPU: /, { timeout: 240_000 });
  const lens = page.getByRole('grid', { name: 'Logit lens' });
  await expect(lens).toBeVisible({ timeout: 120_000 });
  const worker = modelWorkers(page).at(-1)!;
  await watchDevice(worker);

  const prompt = page.getByRole('textbox', { name: 'Prompt' });
  const answered = async (text: string, lastToken: string) => {
    await prompt.fill(text);
    await expect(lens.getByRole('columnheader').last()).toHaveText(lastToken, { timeout: 120_000 });
    await expect(page.getByRole('status', { name: 'Verdict' })).toContainText(/\d/);
  };
  await answered('Paris is the capital of', '·of');
  await worker.evaluate(() => (globalThis as unknown as WorkerScope).device.destroy());
  await answered('The capital of Germany is', '·is');
  await expect(prompt).toHaveValue('The capital of Germany is');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(backend.locator(':checked')).toHaveText(/^WebGPU: /);
  expect(modelWorkers(page)).not.toContain(worker);
});
