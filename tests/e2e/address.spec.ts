import type { Page } from '@playwright/test';
import { answered, expect, open, probed, settled, test } from './site';

const prompt = (page: Page) => page.getByRole('textbox', { name: 'Prompt' });
const answer = (page: Page) => page.getByRole('textbox', { name: 'Answer' });
const verdict = (page: Page) => page.getByRole('status', { name: 'Verdict' });
const steps = (page: Page): Promise<number> => page.evaluate(() => history.length);
/** What the address says of the fact. */
const asked = (page: Page) => {
  const query = new URLSearchParams(new URL(page.url()).hash.slice(1));
  return [query.get('prompt'), query.get('answer'), query.get('foil')];
};

async function choose(page: Page, fact: string): Promise<void> {
  await page.getByRole('button', { name: 'Facts', exact: true }).click();
  const gallery = page.getByRole('dialog');
  await gallery.getByRole('searchbox', { name: 'Search facts' }).fill(fact);
  await gallery.getByRole('list', { name: 'Facts' }).getByRole('button').first().click();
  await answered(page);
}

test('the address follows the fact: typing changes it, a chosen fact is a step that Back goes back over', async ({
  page,
  site,
  complaints,
}) => {
  await open(page, site.url);
  await answered(page);
  const atFirst = await steps(page);
  await prompt(page).fill('');
  await prompt(page).pressSequentially('The capital of Italy is', { delay: 15 });
  await answer(page).fill('Rome');
  await expect.poll(() => asked(page)).toEqual(['The capital of Italy is', 'Rome', 'London']);
  expect(await steps(page)).toBe(atFirst);

  await choose(page, 'The capital of Spain is');
  expect(asked(page).slice(0, 2)).toEqual(['The capital of Spain is', 'Madrid']);
  expect(await steps(page)).toBe(atFirst + 1);
  // The same fact once more is no step.
  await page.getByRole('button', { name: 'Probe', exact: true }).click();
  await answered(page);
  expect(await steps(page)).toBe(atFirst + 1);

  await page.goBack();
  await expect(prompt(page)).toHaveValue('The capital of Italy is');
  await expect(answer(page)).toHaveValue('Rome');
  await answered(page);
  await expect(verdict(page)).toContainText('Rome');
  await page.goForward();
  await expect(prompt(page)).toHaveValue('The capital of Spain is');
  await answered(page);
  await expect(verdict(page)).toContainText('Madrid');
  await expect(page.getByRole('grid', { name: 'Logit lens' })).toContainText('·Spain');

  await page.reload();
  await probed(page);
  await expect(prompt(page)).toHaveValue('The capital of Spain is');
  await expect(answer(page)).toHaveValue('Madrid');
  await answered(page);
  await expect(verdict(page)).toContainText('Madrid');
  // What was typed just before the tab is left is in the address, too.
  await prompt(page).fill('The capital of Norway is');
  await answer(page).fill('Oslo');
  await answered(page);
  await expect.poll(() => asked(page).slice(0, 2)).toEqual(['The capital of Norway is', 'Oslo']);
  await page.goBack();
  await expect(prompt(page)).toHaveValue('The capital of Italy is');
  expect(complaints.all).toEqual([]);
});

test('a bookmark shares the fact that is there, and how the prompt is fed', async ({ page, site, context }) => {
  await open(page, site.url);
  await answered(page);
  await prompt(page).fill('The capital of Spain is');
  await answer(page).fill('Madrid');
  const beginning = page.getByRole('radiogroup', { name: 'Beginning token' });
  await beginning.getByRole('radio', { name: 'no BOS', exact: true }).check();
  await answered(page);
  await expect.poll(() => page.url()).toContain('bos=0');
  const strip = page.getByRole('toolbar', { name: /Tokens of the prompt/ });
  await expect(strip.getByRole('button').first()).toHaveAccessibleName(/^Token 0: ·?The,/);
  const bookmark = page.url();
  expect(asked(page)).toEqual(['The capital of Spain is', 'Madrid', 'London']);

  const other = await context.newPage();
  await open(other, bookmark);
  await expect(prompt(other)).toHaveValue('The capital of Spain is');
  await expect(answer(other)).toHaveValue('Madrid');
  await expect(other.getByRole('textbox', { name: 'Foil' })).toHaveValue('London');
  await expect(
    other.getByRole('radiogroup', { name: 'Beginning token' }).getByRole('radio', { name: 'no BOS', exact: true }),
  ).toBeChecked();
  await expect(
    other
      .getByRole('toolbar', { name: /Tokens of the prompt/ })
      .getByRole('button')
      .first(),
  ).toHaveAccessibleName(/^Token 0: ·?The,/);
  await other.close();
});

test('a link with a subject is held against other subjects without anything being pressed', async ({ page, site }) => {
  await open(page, `${site.url}#v=2&prompt=The+capital+of+France+is&answer=Paris&subject=15-21`);
  await settled(page);
  await expect(verdict(page)).toContainText(/With .*subject/);
  const strip = page.getByRole('toolbar', { name: /Tokens of the prompt/ });
  await expect(strip.getByRole('button', { name: /·France/ })).toHaveAttribute('aria-pressed', 'true');
});

test('a link that is broken, newer, or knows more says so in a sentence; the fact that is there stays', async ({
  page,
  site,
}) => {
  await open(page, `${site.url}#v=3&prompt=x`);
  await expect(page.getByText('by a newer version of Strata; the first fact is shown')).toBeVisible();
  await expect(prompt(page)).toHaveValue('The capital of France is');
  await prompt(page).fill('The capital of Spain is');
  await answered(page);
  const go = (hash: string) => page.evaluate((to) => (location.hash = to), hash);
  for (const hash of ['#v=2&prompt=x&bos=2', '#v=2&prompt=x&form=song', '#v=2', '#%00']) {
    await go(hash);
    await expect(page.getByText('so everything stays as it was')).toBeVisible();
    await expect(prompt(page)).toHaveValue('The capital of Spain is');
  }
  // Of version 1, and with options that nobody knows: what is known counts.
  await go('#v=1&prompt=The+capital+of+Italy+is&answer=Rome&shade=rank');
  await expect(prompt(page)).toHaveValue('The capital of Italy is');
  await expect(page.getByRole('radio', { name: 'answer rank' })).toBeChecked();
  await go('#v=2&prompt=The+capital+of+Japan+is&lens.shading=entropy&lens.colour=red');
  await expect(prompt(page)).toHaveValue('The capital of Japan is');
  await expect(page.getByRole('radio', { name: 'entropy' })).toBeChecked();
  await expect(page.getByText('The link holds settings that this version of Strata does not know')).toBeVisible();
});
