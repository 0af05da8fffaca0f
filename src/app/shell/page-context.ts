import { getContext, setContext } from 'svelte';
import type { Page } from './page.svelte';

const KEY = Symbol('page');

export function providePage(page: Page): void {
  setContext(KEY, page);
}

/** The page, for components that others place without knowing it. @throws Error outside the app. */
export function usePage(): Page {
  const page = getContext<Page | undefined>(KEY);
  if (!page) throw new Error('No page was provided above this component.');
  return page;
}
