import { parseArgs } from 'node:util';
import { StrataError } from '../core/errors';
import type { Intervention } from '../core/interventions';
import { DTYPES, type Dtype } from '../core/model';
import { UNREAD_DTYPES } from '../models/layout';

/** Which model, and how its files are stored. */
export interface ModelArguments {
  /** A folder, the id of a model that comes with Strata, or `owner/name` on the hub. */
  readonly model: string;
  /** Of a hub model: a branch, a tag or a commit. */
  readonly revision?: string;
  /** Where the hub is; ends in `/`. */
  readonly hub?: string;
  readonly dtype: Dtype;
}

export interface TraceArguments extends ModelArguments {
  readonly prompt: { readonly text: string } | { readonly ids: readonly number[] };
  /** Hook names with `*`, comma-separated. */
  readonly capture: string;
  readonly intervene?: string;
  readonly out: string;
  readonly json: boolean;
}

/** What each kind does; one that is added has to be described. */
const KINDS: Readonly<Record<Intervention['kind'], string>> = {
  add: 'adds a vector to a hook',
  set: 'puts a vector in the place of what a hook has',
  scale: 'multiplies what a hook has by a number',
  ablate: 'puts zero, or the mean over the positions of the prompt, in the place of what a hook has',
  knockout: 'keeps tokens from looking at others: their attention scores become −∞',
  edit: 'changes the output projection of an MLP by a matrix of rank one, as ROME does',
};
const KIND_COLUMN = 11;
const INTERVENTION_HELP = Object.entries(KINDS)
  .map(([kind, does]) => `  ${kind.padEnd(KIND_COLUMN)}${does}`)
  .join('\n');

export const USAGE = `npm run trace -- --model DIR_OR_ID (--text "…" | --ids 1,2,3) --out trace.safetensors

  --model      a folder laid out like a hub repository, atlas, atlas@STEP (a checkpoint of its training), or a hub id:
               owner/name or owner/name@revision
  --revision   branch, tag or commit of a hub model (main)
  --hub        address of another hub (https://huggingface.co/); its token is read from HF_TOKEN
  --dtype      ${DTYPES.join(', ')} (fp32)
  --text       the prompt, or
  --ids        its token ids: the tokenizer is not used
  --capture    hooks to write, comma-separated, * for any part of a name (logits)
  --intervene  JSON file with a list of interventions, see below
  --out        safetensors file to write
  --json       print a summary as JSON

An intervention changes what the run computes, at hooks that carry TransformerLens's names:

${INTERVENTION_HELP}

  [{ "kind": "ablate", "hook": "blocks.1.attn.hook_z", "head": [2] },
   { "kind": "knockout", "layers": [1, 2], "heads": "all", "dest": [-1], "src": [1] }]

switches off the third head of the second layer, and keeps the last token from looking at the second. All fields are in
docs/definitions.md, “Interventions”.

Hub models are kept in the folder STRATA_CACHE names, else in this account's folder for caches.`;

export const MODEL_OPTIONS = {
  model: { type: 'string' },
  revision: { type: 'string' },
  hub: { type: 'string' },
  dtype: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

const OPTIONS = {
  ...MODEL_OPTIONS,
  text: { type: 'string' },
  ids: { type: 'string' },
  capture: { type: 'string' },
  intervene: { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** @throws StrataError `invalid-request` */
export function usage(what: string): never {
  throw new StrataError('invalid-request', what);
}

/**
 * Reads the command line ({@link USAGE}).
 * @throws StrataError `invalid-request` with one sentence.
 */
export function parseTraceArguments(args: readonly string[]): TraceArguments | 'help' {
  const values = readArguments(() => parseArgs({ args: [...args], options: OPTIONS }).values);
  if (values.help) return 'help';
  const { text, ids, capture = 'logits', intervene, out, json = false } = values;
  const model = modelArguments(values);
  if ((text === undefined) === (ids === undefined)) usage('Give either --text or --ids.');
  if (out === undefined) usage('--out is missing: say where to write the trace.');
  return {
    ...model,
    prompt: text === undefined ? { ids: parseIds(ids ?? '') } : { text },
    capture,
    ...(intervene === undefined ? {} : { intervene }),
    out,
    json,
  };
}

/** Runs the parser of Node; what it does not like is one sentence. @throws StrataError `invalid-request` */
export function readArguments<Values>(parse: () => Values): Values {
  try {
    return parse();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return usage(message.replace(/\.?$/, '.'));
  }
}

/** @throws StrataError `invalid-request` */
export function modelArguments(values: {
  readonly model?: string | undefined;
  readonly revision?: string | undefined;
  readonly hub?: string | undefined;
  readonly dtype?: string | undefined;
}): ModelArguments {
  const { model, revision, hub, dtype = 'fp32' } = values;
  if (model === undefined) usage('--model is missing: give a model folder or an id.');
  if ((UNREAD_DTYPES as readonly string[]).includes(dtype))
    usage(`--dtype ${dtype} is a precision that Strata does not read; choose one of ${DTYPES.join(', ')}.`);
  if (!(DTYPES as readonly string[]).includes(dtype)) usage(`--dtype ${dtype} is not one of ${DTYPES.join(', ')}.`);
  return {
    model,
    ...(revision === undefined ? {} : { revision }),
    ...(hub === undefined ? {} : { hub: parseHub(hub) }),
    dtype: dtype as Dtype,
  };
}

function parseIds(list: string): number[] {
  const ids = list.split(',').map((part) => part.trim());
  if (!ids.every((id) => /^\d+$/.test(id))) usage('--ids must be whole numbers separated by commas.');
  return ids.map(Number);
}

function parseHub(address: string): string {
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    usage(`--hub ${address} is not a web address.`);
  }
  return address.endsWith('/') ? address : `${address}/`;
}
