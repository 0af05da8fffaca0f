import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

export type Theme = 'light' | 'dark';

const PANEL = 'dialog:modal';
/** What a theme can change; the rest is the same in both and looked at in one. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/**
 * What axe finds on the page, short enough to read in a failure. Of a page under a panel only the panel is looked at: the
 * rest cannot be reached, and was looked at without it.
 */
export async function findings(page: Page, theme: Theme = 'light'): Promise<string[]> {
  // The page has no frames that would have to be asked apart, and what passed need not be written up.
  const axe = new AxeBuilder({ page }).setLegacyMode().options({ resultTypes: ['violations'] });
  if ((await page.locator(PANEL).count()) > 0) axe.include(PANEL);
  const { violations } = await (theme === 'light' ? axe : axe.withRules(COLOUR_RULES)).analyze();
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map((node) => `${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`).join('\n')}`,
  );
}

/** The same with the page in one theme and then in the other. */
export async function findingsInBothThemes(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    found.push(...(await findings(page, theme)).map((finding) => `${theme}: ${finding}`));
  }
  return found;
}
