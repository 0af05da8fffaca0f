import { tick } from 'svelte';
import type { ErrorCode, ErrorRecord } from '../../core/errors';
import type { Fact } from '../../core/fact';
import { shorten, visible } from '../../views/format';
import type { Words } from '../../views/words';
import { unsupported } from '../models/model-trouble';
import type { Page } from './page.svelte';

/** A field of the fact. */
export type Field = 'prompt' | 'answer' | 'foil';

const MODEL: ReadonlySet<ErrorCode> = new Set([
  'worker-lost',
  'device-lost',
  'session-failed',
  'out-of-memory',
  'deadline',
]);
const LONGEST_QUOTE = 40;

/** The field whose text has to be another; undefined when no text is to blame. */
export function fieldAtFault({ code, details }: ErrorRecord, fact: Fact): Field | undefined {
  if (code === 'empty-prompt' || code === 'prompt-too-long') return 'prompt';
  if (code === 'answer-not-continuation') {
    const text = details['answer'];
    return text === fact.foil && !fact.answers.some((answer) => answer === text) ? 'foil' : 'answer';
  }
  if (code !== 'invalid-text') return undefined;
  const { field } = details;
  return field === 'answer' || field === 'foil' ? field : 'prompt';
}

/** What happened, in a sentence. @param fact What was asked: it tells an answer from the foil. */
export function what(error: ErrorRecord, words: Words, fact: Fact): string {
  const { code, details } = error;
  if (code === 'prompt-too-long' && details['reason'] === 'memory') {
    const { tokens = 0, fits = 0 } = details;
    return words('error.prompt-too-long.memory', { tokens: String(tokens), fits: String(fits) });
  }
  const reason = unsupported(error, words);
  if (reason !== undefined) return reason;
  const field = fieldAtFault(error, fact) ?? 'prompt';
  if (code === 'answer-not-continuation' && field !== 'prompt' && details['answer'] !== undefined) {
    const text = shorten(String(details['answer']).split(' ').map(visible).join(' '), LONGEST_QUOTE);
    return words(`error.answer-not-continuation.${field}`, { text });
  }
  if (code === 'invalid-text' && details['reason'] === 'unknown-word') return words('error.invalid-text.unknown-word');
  if (code === 'invalid-text') return words(`error.invalid-text.${field}`);
  return words(
    code === 'tokenizer-mismatch' && details['absent'] === true ? 'error.tokenizer-absent' : `error.${code}`,
  );
}

/** Puts the focus on a field of the fact; a presentation, which has none, is left for it. */
async function edit(field: Field, page: Page): Promise<void> {
  page.settings.presenting = false;
  await tick();
  document.querySelector<HTMLElement>(`form .field.${field} :is(input, textarea)`)?.focus();
}

/** The one thing to do about an error of a probe. */
export function trouble(
  error: ErrorRecord,
  page: Page,
  words: Words,
): { readonly action: string; readonly act: () => void } {
  const { code } = error;
  const field = fieldAtFault(error, page.fact.workbench.fact);
  if (field) return { action: words(`trouble.edit.${field}`), act: () => void edit(field, page) };
  if (code === 'tokenizer-mismatch') return { action: words('models.open'), act: () => (page.dialog = 'models') };
  if (MODEL.has(code)) return { action: words('trouble.reload'), act: () => void page.model.retry() };
  return { action: words('trouble.retry'), act: () => void page.tryAgain() };
}
