import type { ErrorCode, ErrorRecord } from '../core/errors';
import type { Words } from '../views/words';
import type { Page } from './page.svelte';

const TEXT: ReadonlySet<ErrorCode> = new Set([
  'empty-prompt',
  'prompt-too-long',
  'answer-not-continuation',
  'invalid-text',
]);
const MODEL: ReadonlySet<ErrorCode> = new Set([
  'worker-lost',
  'device-lost',
  'session-failed',
  'out-of-memory',
  'deadline',
]);

/** What happened, in a sentence. */
export function what({ code, details }: ErrorRecord, words: Words): string {
  if (code === 'prompt-too-long' && details['reason'] === 'memory') {
    const { tokens = 0, fits = 0 } = details;
    return words('error.prompt-too-long.memory', { tokens: String(tokens), fits: String(fits) });
  }
  return words(
    code === 'tokenizer-mismatch' && details['absent'] === true ? 'error.tokenizer-absent' : `error.${code}`,
  );
}

/** The one thing to do about an error of a probe. */
export function trouble(
  { code }: ErrorRecord,
  page: Page,
  words: Words,
): { readonly action: string; readonly act: () => void } {
  if (TEXT.has(code)) {
    const act = (): void => document.querySelector<HTMLElement>('form textarea')?.focus();
    return { action: words('trouble.edit'), act };
  }
  if (code === 'tokenizer-mismatch') return { action: words('models.open'), act: () => (page.dialog = 'models') };
  if (MODEL.has(code)) return { action: words('trouble.reload'), act: () => void page.retryModel() };
  return { action: words('trouble.retry'), act: () => void page.probe() };
}
