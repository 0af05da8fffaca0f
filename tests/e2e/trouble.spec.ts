import { findingsInBothThemes } from './axe';
import { killerOf } from './killer';
import { answered, expect, probed, test } from './site';

test('a worker that dies is replaced; when every one dies the page says so, and nothing typed is lost', async ({
  page,
  site,
}) => {
  const kill = await killerOf(page);
  await page.addInitScript(() => localStorage.setItem('strata:tour-seen', 'true'));
  const prompt = page.getByRole('textbox', { name: 'Prompt' });
  const verdict = page.getByRole('status', { name: 'Verdict' });
  await page.goto(site.url);
  await probed(page);

  await kill();
  await prompt.fill('The capital of Italy is');
  await page.getByRole('textbox', { name: 'Answer' }).fill('Rome');
  await answered(page);
  await expect(verdict).toContainText('Rome');
  expect(await page.evaluate(() => window.killer.workers.length)).toBe(2);
  await expect(prompt).toHaveValue('The capital of Italy is');

  await kill('all');
  await prompt.fill('The capital of Spain is');
  const alert = page.getByRole('alert').filter({ hasText: 'ended unexpectedly' }).first();
  await expect(alert).toContainText('Your text is kept.');
  expect(await findingsInBothThemes(page)).toEqual([]);
  await page.evaluate(() => (window.killer.doomed = false));
  await alert.getByRole('button', { name: /Try again|Load the model again/ }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await answered(page);
  await expect(page.getByRole('grid', { name: 'Logit lens' })).toContainText('·Spain');
  await expect(verdict).toContainText('Rome');
  await expect(prompt).toHaveValue('The capital of Spain is');
  await expect(page.getByRole('textbox', { name: 'Answer' })).toHaveValue('Rome');
});
