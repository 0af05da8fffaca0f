import type { ErrorCode } from '../../core/errors';
import { ERROR_CODES } from '../../core/errors';
import type { Batching, FileCheck, LoadNote, SelfCheck } from '../../core/model';
import { bytes, percent } from '../../views/format';
import type { Words } from '../../views/words';

/** What happened to an error that is only known by its code, in a sentence. */
function why(code: unknown, words: Words): string {
  const known: ErrorCode = ERROR_CODES.find((one) => one === code) ?? 'internal';
  return words(`error.${known}`);
}

/** A note of a load, in a sentence or two. */
export function noteText({ code, details }: LoadNote, words: Words): string {
  if (code === 'storage-full') return words('note.storage-full');
  if (code === 'not-compared') {
    return details['reason'] === 'too-large'
      ? words('note.not-compared.too-large', { size: bytes(Number(details['bytes'])) })
      : words('note.not-compared.wasm-failed', { why: why(details['error'], words) });
  }
  const difference = details['difference'];
  if (difference === undefined) return words('note.backend-fallback', { why: why(details['error'], words) });
  return Number.isFinite(difference)
    ? words(`note.${code}.disagrees`, { difference: percent(Number(difference)) })
    : words(`note.${code}.numberless`);
}

/** What stays the same from one load of a model to the next: a note that was dismissed once is known. */
export function noteKey({ code, details }: LoadNote, model: string): string {
  const { message: _, ...said } = details;
  return JSON.stringify([code, said, model]);
}

/** Whether WebGPU's numbers are WASM's, in a few words. */
export function selfCheckText(check: SelfCheck, words: Words): string {
  if (check.kind === 'not-compared') {
    return check.reason === 'too-large'
      ? words('selfCheck.too-large', { size: bytes(check.bytes) })
      : words('selfCheck.wasm-failed', { why: why(check.error.code, words) });
  }
  const difference = Number.isFinite(check.difference) ? percent(check.difference) : words('selfCheck.numberless');
  return words(`selfCheck.${check.kind}.${check.when}`, { difference });
}

/** Whether what was recognised gives the file's own logits, in a few words. */
export function fileCheckText(check: FileCheck, words: Words): string {
  if (check.kind === 'not-compared') return words(`fileCheck.${check.reason}`);
  const difference = Number.isFinite(check.difference) ? percent(check.difference) : words('selfCheck.numberless');
  return words(`fileCheck.${check.kind}.${check.when}`, { difference });
}

/** Whether runs are made together, and if not, why. */
export function batchingText(batching: Batching, words: Words): string {
  if (batching.kind === 'batched') return words('anatomy.batching.batched');
  const { reason, difference = 0 } = batching;
  const apart = Number.isFinite(difference) ? percent(difference) : words('selfCheck.numberless');
  return words(`anatomy.batching.${reason}`, { difference: apart });
}
