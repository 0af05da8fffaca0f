import type { Worker } from '@playwright/test';
import { fileURLToPath } from 'node:url';
import { modelWorkers } from './model-workers';
import { answered, expect, open, probed, test } from './site';

const GPT2 = fileURLToPath(new URL('../fixtures/zoo/optimum-gpt2', import.meta.url));

/** As much of WebGPU as this test touches. */
interface Device {
  destroy(): void;
}
interface WorkerScope {
  GPUDevice: { prototype: Record<'createCommandEncoder', (...args: unknown[]) => unknown> };
}

/** Takes the device away in the middle of the worker's next run. */
function loseDevice(worker: Worker): Promise<void> {
  return worker.evaluate(() => {
    const { prototype } = (globalThis as unknown as WorkerScope).GPUDevice;
    const create = prototype.createCommandEncoder;
    prototype.createCommandEncoder = function (this: Device, ...args: unknown[]) {
      const encoder = create.apply(this, args);
      this.destroy();
      return encoder;
    };
  });
}

test('the graphics device goes away: the page answers on, and nothing typed is lost', async ({ page, site }) => {
  test.setTimeout(480_000);
  await open(page, site.url);
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

  const prompt = page.getByRole('textbox', { name: 'Prompt' });
  const ask = async (text: string, lastToken: string) => {
    await prompt.fill(text);
    await answered(page, 120_000);
    await expect(lens.getByRole('columnheader').last()).toHaveText(lastToken);
    await expect(page.getByRole('status', { name: 'Verdict' })).toContainText(/\d/);
  };
  await ask('Paris is the capital of', '·of');
  await loseDevice(worker);
  await ask('The capital of Germany is', '·is');
  await expect(prompt).toHaveValue('The capital of Germany is');
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(backend.locator(':checked')).toHaveText(/^WebGPU: /);
  expect(modelWorkers(page)).not.toContain(worker);
});
