import { BACKENDS, type Backend } from '../../core/model';
import { parseHubChoice } from '../../models/choices';
import { CONTINUATION_DEFAULTS, type ContinuationOptions } from '../../state/Continuation.svelte';
import type { FactFields } from '../../state/Workbench.svelte';

/** A kept curve as a link names it: what was asked, and at which position when it was not the answer's. */
export interface SharedCurve {
  readonly prompt: string;
  /** As typed: accepted answers separated by `|`. */
  readonly answer: string;
  readonly foil: string;
  readonly position?: number;
}

/** Everything a link carries. Positions and depths are small whole numbers (mid-layer depths end in .5). */
export interface SharedState {
  readonly fields: FactFields;
  readonly model: string;
  readonly shading: 'p' | 'rank' | 'entropy' | 'kl';
  readonly midLayers: boolean;
  readonly measure: 'p' | 'logp' | 'rank' | 'diff';
  readonly variant: 'plain' | 'value' | 'rollout';
  readonly drawing: 'matrix' | 'arcs';
  readonly head?: { readonly layer: number; readonly head: number };
  readonly column?: number;
  readonly looker?: number;
  readonly pins: readonly { readonly depth: number; readonly position: number }[];
  /** Curves of the same model kept for comparison, oldest first. */
  readonly kept: readonly SharedCurve[];
  readonly continuation: ContinuationOptions;
  /** Where the model is to run, when that was chosen; absent = as the reader has it. */
  readonly backend?: Backend;
}

export const URL_VERSION = 1;

export type Read =
  | { readonly kind: 'none' }
  | { readonly kind: 'state'; readonly state: SharedState }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'newer' };

const LONGEST_TEXT = 20_000;
const LONGEST_LINK = 64_000;
const LONGEST_MODEL = 300;
const MOST_PINS = 50;
const LARGEST = 100_000;
const MOST_KEPT = 5;
/** Kept curves make way when a link gets longer than what people paste without worry. */
const LONG_LINK = 4_000;
/** Between the parts of a kept curve; no text a person types holds it. */
const BETWEEN = '\u001f';

export const DEFAULT_VIEW = {
  shading: 'p',
  midLayers: false,
  measure: 'p',
  variant: 'plain',
  drawing: 'matrix',
  pins: [],
  kept: [],
  continuation: CONTINUATION_DEFAULTS,
} as const satisfies Partial<SharedState>;

class Invalid extends Error {}

function choice<T extends string>(text: string | null, choices: readonly T[], fallback: T): T {
  if (text === null) return fallback;
  const found = choices.find((one) => one === text);
  if (found === undefined) throw new Invalid();
  return found;
}

function text(value: string | null, longest: number): string {
  if (value !== null && value.length > longest) throw new Invalid();
  return value ?? '';
}

function numbers(value: string, count: number, half = false): number[] {
  const parts = value.split('-');
  if (parts.length !== count) throw new Invalid();
  return parts.map((part) => {
    if (!(half ? /^\d{1,6}(\.5)?$/ : /^\d{1,6}$/).test(part)) throw new Invalid();
    const number = Number(part);
    if (number > LARGEST) throw new Invalid();
    return number;
  });
}

/** In the order of the link; every value with what it may be. */
const CONTINUATION_PARTS = [
  { name: 'maxTokens', least: 1, most: 500, whole: true },
  { name: 'temperature', least: 0, most: 5, whole: false },
  { name: 'topK', least: 0, most: 1000, whole: true },
  { name: 'topP', least: 0.01, most: 1, whole: false },
  { name: 'seed', least: 0, most: 2 ** 31 - 1, whole: true },
] as const;

function continuation(value: string | null): ContinuationOptions {
  if (value === null) return CONTINUATION_DEFAULTS;
  const parts = value.split('-');
  if (parts.length !== CONTINUATION_PARTS.length) throw new Invalid();
  const entries = CONTINUATION_PARTS.map(({ name, least, most, whole }, index) => {
    const part = parts[index]!;
    const number = Number(part);
    const valid = (whole ? /^\d{1,10}$/ : /^\d{1,3}(\.\d{1,6})?$/).test(part) && number >= least && number <= most;
    if (!valid) throw new Invalid();
    return [name, number] as const;
  });
  return { ...CONTINUATION_DEFAULTS, ...Object.fromEntries(entries) };
}

/** As {@link continuation} reads it, whatever was typed. */
function writeContinuation(options: ContinuationOptions): string {
  return CONTINUATION_PARTS.map(({ name, least, most, whole }) => {
    const value = Math.min(most, Math.max(least, options[name]));
    return String(Number(value.toFixed(whole ? 0 : 4)));
  }).join('-');
}

function curve(value: string): SharedCurve {
  const [prompt = '', answer, foil, position, ...more] = text(value, LONGEST_TEXT).split(BETWEEN);
  if (prompt === '' || answer === undefined || foil === undefined || more.length > 0) throw new Invalid();
  return { prompt, answer, foil, ...(position === undefined ? {} : { position: numbers(position, 1)[0]! }) };
}

function writeCurve({ prompt, answer, foil, position }: SharedCurve): string | undefined {
  const texts = [prompt, answer, foil];
  if (texts.some((part) => part.includes(BETWEEN))) return undefined;
  return [...texts, ...(position === undefined ? [] : [position])].join(BETWEEN);
}

/** A bundled model's id, a hub choice, or the name of a folder that only the one who made the link has. */
function isModel(id: string): boolean {
  return (
    /^[\w.-]+(\/[\w.-]+)?$/.test(id) || parseHubChoice(id) !== undefined || /^folder:[^\p{C}]+:[a-z0-9]+$/u.test(id)
  );
}

function readState(query: URLSearchParams): SharedState {
  const prompt = text(query.get('prompt'), LONGEST_TEXT);
  if (prompt === '') throw new Invalid();
  const subject = query.get('subject');
  const range = subject === null ? undefined : numbers(subject, 2);
  if (range && !(range[0]! < range[1]! && range[1]! <= prompt.length)) throw new Invalid();
  const head = query.get('head');
  const headIds = head === null ? undefined : numbers(head, 2);
  const column = query.get('column');
  const looker = query.get('token');
  const pins = query.getAll('pin');
  if (pins.length > MOST_PINS) throw new Invalid();
  const kept = query.getAll('keep');
  if (kept.length > MOST_KEPT) throw new Invalid();
  const backend = query.get('backend');
  const model = text(query.get('model'), LONGEST_MODEL) || 'atlas';
  if (!isModel(model)) throw new Invalid();
  return {
    fields: {
      prompt,
      answer: text(query.get('answer'), LONGEST_TEXT),
      foil: text(query.get('foil'), LONGEST_TEXT),
      ...(range ? { subject: [range[0]!, range[1]!] as const } : {}),
    },
    model,
    shading: choice(query.get('shade'), ['p', 'rank', 'entropy', 'kl'], DEFAULT_VIEW.shading),
    midLayers: choice(query.get('mid'), ['0', '1'], '0') === '1',
    measure: choice(query.get('curve'), ['p', 'logp', 'rank', 'diff'], DEFAULT_VIEW.measure),
    variant: choice(query.get('attention'), ['plain', 'value', 'rollout'], DEFAULT_VIEW.variant),
    drawing: choice(query.get('draw'), ['matrix', 'arcs'], DEFAULT_VIEW.drawing),
    ...(headIds ? { head: { layer: headIds[0]!, head: headIds[1]! } } : {}),
    ...(column === null ? {} : { column: numbers(column, 1)[0]! }),
    ...(looker === null ? {} : { looker: numbers(looker, 1)[0]! }),
    pins: pins.map((pin) => {
      const [depth, position] = numbers(pin, 2, true);
      if (!Number.isInteger(position)) throw new Invalid();
      return { depth: depth!, position: position! };
    }),
    kept: kept.map(curve),
    continuation: continuation(query.get('write')),
    ...(backend === null ? {} : { backend: choice(backend, BACKENDS, 'wasm') }),
  };
}

/** Reads a link's fragment; whatever is in it, the answer is one of four and nothing is thrown. */
export function readFragment(fragment: string): Read {
  const body = fragment.replace(/^#/, '');
  if (body === '') return { kind: 'none' };
  if (body.length > LONGEST_LINK) return { kind: 'invalid' };
  const query = new URLSearchParams(body);
  const version = query.get('v');
  if (version === null || !/^\d{1,4}$/.test(version)) return { kind: 'invalid' };
  if (Number(version) > URL_VERSION) return { kind: 'newer' };
  try {
    return { kind: 'state', state: readState(query) };
  } catch (cause) {
    if (cause instanceof Invalid) return { kind: 'invalid' };
    throw cause;
  }
}

/** The fragment (with `#`) that {@link readFragment} reads back; what is as usual is left out. */
export function writeFragment(state: SharedState): string {
  const query = new URLSearchParams({ v: String(URL_VERSION), prompt: state.fields.prompt });
  const put = (name: string, value: string | undefined, usual?: string): void => {
    if (value !== undefined && value !== '' && value !== usual) query.set(name, value);
  };
  put('answer', state.fields.answer);
  put('foil', state.fields.foil);
  put('subject', state.fields.subject?.join('-'));
  put('model', state.model, 'atlas');
  put('shade', state.shading, DEFAULT_VIEW.shading);
  put('mid', state.midLayers ? '1' : undefined);
  put('curve', state.measure, DEFAULT_VIEW.measure);
  put('attention', state.variant, DEFAULT_VIEW.variant);
  put('draw', state.drawing, DEFAULT_VIEW.drawing);
  put('head', state.head && `${state.head.layer}-${state.head.head}`);
  put('column', state.column?.toString());
  put('token', state.looker?.toString());
  for (const pin of state.pins.slice(0, MOST_PINS)) query.append('pin', `${pin.depth}-${pin.position}`);
  put('write', writeContinuation(state.continuation), writeContinuation(CONTINUATION_DEFAULTS));
  put('backend', state.backend);
  for (const kept of state.kept.slice(-MOST_KEPT)) addWhileShort(query, 'keep', writeCurve(kept));
  return `#${query.toString()}`;
}

/** Puts a value in unless the link would get long. */
function addWhileShort(query: URLSearchParams, name: string, value: string | undefined): void {
  if (value === undefined) return;
  const longer = new URLSearchParams(query);
  longer.append(name, value);
  if (longer.toString().length < LONG_LINK) query.append(name, value);
}
