import * as v from 'valibot';
import { StrataError } from './errors';
import { parseHook, type HookName } from './hooks';

/** Adds `vector` (`[d]` of the hook: d_model, d_mlp, or d_head with `head`) at the positions. Steering, noise. */
export interface AddIntervention {
  readonly kind: 'add';
  readonly hook: HookName;
  /** Positions, negative from the end; absent = every position. */
  readonly pos?: readonly number[];
  /** For `attn.hook_z` (`q`, `k`, `v`): which heads. */
  readonly head?: readonly number[];
  readonly vector: readonly number[];
}

/** Overwrites the hook with `vector` at the positions. Patching with a given value. */
export interface SetIntervention {
  readonly kind: 'set';
  readonly hook: HookName;
  readonly pos?: readonly number[];
  readonly head?: readonly number[];
  readonly vector: readonly number[];
}

/** Replaces by zero, or by the mean over the positions of the clean run of the same prompt. */
export interface AblateIntervention {
  readonly kind: 'ablate';
  readonly hook: HookName;
  readonly mode: 'zero' | 'mean';
  readonly pos?: readonly number[];
  readonly head?: readonly number[];
  /** For `mlp.hook_post`: which neurons. */
  readonly neuron?: readonly number[];
}

/** Multiplies the hook by a number at the positions: 0 is off, 1 changes nothing, 2 is twice as strong. */
export interface ScaleIntervention {
  readonly kind: 'scale';
  readonly hook: HookName;
  readonly pos?: readonly number[];
  readonly head?: readonly number[];
  /** For `mlp.hook_post`: which neurons. */
  readonly neuron?: readonly number[];
  readonly by: number;
}

/** Cuts attention edges: scores of dest → src become −∞ before softmax (Geva et al. 2023). */
export interface KnockoutIntervention {
  readonly kind: 'knockout';
  readonly layers: readonly number[];
  readonly heads: 'all' | readonly number[];
  readonly dest: readonly number[];
  readonly src: readonly number[];
}

/**
 * Rank-one edit of an MLP's output projection: `out += value · (key · x)`, x = `mlp.hook_post` (ROME). `out` is the
 * projection's own, before a post-norm or a factor, so that a run is that of a model with `W_out + key · valueᵀ`.
 */
export interface EditIntervention {
  readonly kind: 'edit';
  readonly layer: number;
  /** `[d_mlp]` */
  readonly key: readonly number[];
  /** `[d_model]` */
  readonly value: readonly number[];
}

/** Plain data; a list is applied together, in graph order, and in list order where two meet at one hook. */
export type Intervention =
  AddIntervention | SetIntervention | AblateIntervention | ScaleIntervention | KnockoutIntervention | EditIntervention;

/** What a value of this kind must be; the sentence about a wrong one names the key before it. */
const integers = v.message(
  v.pipe(v.array(v.pipe(v.number(), v.integer())), v.nonEmpty()),
  'must be a non-empty list of whole numbers.',
);
const numbers = v.message(
  v.pipe(v.array(v.pipe(v.number(), v.finite())), v.nonEmpty()),
  'must be a non-empty list of finite numbers.',
);
const hook = v.custom<HookName>((value) => typeof value === 'string' && parseHook(value) !== undefined);
const places = { hook, pos: v.exactOptional(integers), head: v.exactOptional(integers) };
const neuron = v.exactOptional(integers);

const SCHEMAS = [
  v.object({ kind: v.literal('add'), ...places, vector: numbers }),
  v.object({ kind: v.literal('set'), ...places, vector: numbers }),
  v.object({
    kind: v.literal('ablate'),
    ...places,
    mode: v.optional(v.picklist(['zero', 'mean'], 'must be "zero" or "mean".'), 'zero'),
    neuron,
  }),
  v.object({
    kind: v.literal('scale'),
    ...places,
    neuron,
    by: v.message(v.pipe(v.number(), v.finite()), 'must be a finite number.'),
  }),
  v.object({
    kind: v.literal('knockout'),
    layers: integers,
    heads: v.optional(
      v.union([v.literal('all'), integers], 'must be "all" or a non-empty list of whole numbers.'),
      'all',
    ),
    dest: integers,
    src: integers,
  }),
  v.object({
    kind: v.literal('edit'),
    layer: v.message(v.pipe(v.number(), v.integer()), 'must be a whole number.'),
    key: numbers,
    value: numbers,
  }),
] as const;
const KINDS = SCHEMAS.map(({ entries }) => entries.kind.literal).join(', ');

const item = v.variant('kind', SCHEMAS, `must be one of ${KINDS}.`);

/** Says which key of an item is wrong, however deep in its value the fault lies, and what it must be. */
function complaint(issue: v.BaseIssue<unknown>, input: unknown, index: number): StrataError {
  const at = `Intervention ${index + 1}:`;
  const fail = (what: string): StrataError => new StrataError('invalid-intervention', `${at} ${what}`, { index });
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return fail('it must be an object with a "kind".');
  const key = String(issue.path?.[0]?.key);
  if (key === 'hook') {
    const { hook: name } = input as { readonly hook?: unknown };
    const message = `${at} there is no hook named ${JSON.stringify(name)}.`;
    return new StrataError('unknown-hook', message, { hook: String(name) });
  }
  return fail(`"${key}" ${issue.message}`);
}

function parseOne(input: unknown, index: number): Intervention {
  const read = v.safeParse(item, input, { abortEarly: true });
  if (read.success) return read.output;
  const [issue] = read.issues;
  const key = issue.path?.[0]?.key;
  const absent = typeof key === 'string' && typeof input === 'object' && input !== null && !(key in input);
  // The complaint about a key that is not there should say what it must be, as that about a wrong one does.
  if (absent && key !== 'kind') return parseOne({ ...input, [key]: undefined }, index);
  throw complaint(issue, input, index);
}

/**
 * Reads interventions from untrusted JSON data.
 * @throws StrataError `invalid-intervention` or `unknown-hook`, naming the item that is wrong.
 */
export function parseInterventions(value: unknown): Intervention[] {
  if (!Array.isArray(value)) throw new StrataError('invalid-intervention', 'Interventions must be a JSON list.');
  return value.map(parseOne);
}
