import { parseArgs } from 'node:util';
import { StrataError } from '../core/errors';
import { DTYPES, type Dtype } from '../core/model';

export interface TraceArguments {
  readonly model: string;
  readonly dtype: Dtype;
  readonly prompt: { readonly text: string } | { readonly ids: readonly number[] };
  /** Hook names with `*`, comma-separated. */
  readonly capture: string;
  readonly intervene?: string;
  readonly out: string;
  readonly json: boolean;
}

function usage(what: string): never {
  throw new StrataError('invalid-request', what);
}

/**
 * `--model DIR_OR_ID [--dtype fp32] (--text "…" | --ids 1,2,3) [--capture "blocks.*.hook_resid_post,logits"]
 * [--intervene interventions.json] --out trace.safetensors [--json]`
 * @throws StrataError `invalid-request` with one sentence.
 */
export function parseTraceArguments(args: readonly string[]): TraceArguments {
  const values = read(args);
  const { model, dtype = 'fp32', text, ids, capture = 'logits', intervene, out, json = false } = values;
  if (model === undefined) usage('--model is missing: give a model folder or an id.');
  if (!(DTYPES as readonly string[]).includes(dtype)) usage(`--dtype ${dtype} is not one of ${DTYPES.join(', ')}.`);
  if ((text === undefined) === (ids === undefined)) usage('Give either --text or --ids.');
  if (out === undefined) usage('--out is missing: say where to write the trace.');
  return {
    model,
    dtype: dtype as Dtype,
    prompt: text === undefined ? { ids: parseIds(ids ?? '') } : { text },
    capture,
    ...(intervene === undefined ? {} : { intervene }),
    out,
    json,
  };
}

function read(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        model: { type: 'string' },
        dtype: { type: 'string' },
        text: { type: 'string' },
        ids: { type: 'string' },
        capture: { type: 'string' },
        intervene: { type: 'string' },
        out: { type: 'string' },
        json: { type: 'boolean' },
      },
    }).values;
  } catch (cause) {
    return usage(cause instanceof Error ? cause.message : String(cause));
  }
}

function parseIds(list: string): number[] {
  const ids = list.split(',').map((part) => part.trim());
  if (!ids.every((id) => /^\d+$/.test(id))) usage('--ids must be whole numbers separated by commas.');
  return ids.map(Number);
}
