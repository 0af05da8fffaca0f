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
  AddIntervention | SetIntervention | AblateIntervention | KnockoutIntervention | EditIntervention;

function fail(index: number, what: string): never {
  throw new StrataError('invalid-intervention', `Intervention ${index + 1}: ${what}`, { index });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function integers(value: unknown, index: number, name: string): number[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every((item) => Number.isInteger(item))) {
    fail(index, `"${name}" must be a non-empty list of whole numbers.`);
  }
  return value as number[];
}

function numbers(value: unknown, index: number, name: string): number[] {
  if (!Array.isArray(value) || value.length === 0 || !value.every((item) => Number.isFinite(item))) {
    fail(index, `"${name}" must be a non-empty list of finite numbers.`);
  }
  return value as number[];
}

function hookOf(record: Record<string, unknown>, index: number): HookName {
  const name = record['hook'];
  if (typeof name !== 'string' || !parseHook(name)) {
    throw new StrataError(
      'unknown-hook',
      `Intervention ${index + 1}: there is no hook named ${JSON.stringify(name)}.`,
      {
        hook: String(name),
      },
    );
  }
  return name as HookName;
}

function optional<K extends string>(record: Record<string, unknown>, key: K, index: number): { [P in K]?: number[] } {
  const value = record[key];
  return value === undefined ? {} : ({ [key]: integers(value, index, key) } as { [P in K]: number[] });
}

function parseOne(value: unknown, index: number): Intervention {
  if (!isRecord(value)) fail(index, 'it must be an object with a "kind".');
  switch (value['kind']) {
    case 'add':
    case 'set':
      return {
        kind: value['kind'],
        hook: hookOf(value, index),
        ...optional(value, 'pos', index),
        ...optional(value, 'head', index),
        vector: numbers(value['vector'], index, 'vector'),
      };
    case 'ablate': {
      const mode = value['mode'] ?? 'zero';
      if (mode !== 'zero' && mode !== 'mean') fail(index, '"mode" must be "zero" or "mean".');
      return {
        kind: 'ablate',
        hook: hookOf(value, index),
        mode,
        ...optional(value, 'pos', index),
        ...optional(value, 'head', index),
        ...optional(value, 'neuron', index),
      };
    }
    case 'knockout':
      return {
        kind: 'knockout',
        layers: integers(value['layers'], index, 'layers'),
        heads:
          value['heads'] === 'all' || value['heads'] === undefined ? 'all' : integers(value['heads'], index, 'heads'),
        dest: integers(value['dest'], index, 'dest'),
        src: integers(value['src'], index, 'src'),
      };
    case 'edit': {
      const layer = value['layer'];
      if (!Number.isInteger(layer)) fail(index, '"layer" must be a whole number.');
      return {
        kind: 'edit',
        layer: layer as number,
        key: numbers(value['key'], index, 'key'),
        value: numbers(value['value'], index, 'value'),
      };
    }
    default:
      fail(index, '"kind" must be one of add, set, ablate, knockout, edit.');
  }
}

/**
 * Reads interventions from untrusted JSON data.
 * @throws StrataError `invalid-intervention` or `unknown-hook`, naming the item that is wrong.
 */
export function parseInterventions(value: unknown): Intervention[] {
  if (!Array.isArray(value)) {
    throw new StrataError('invalid-intervention', 'Interventions must be a JSON list.');
  }
  return value.map(parseOne);
}
