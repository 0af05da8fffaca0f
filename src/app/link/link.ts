import * as v from 'valibot';
import { PROMPT_FORMS, promptOptions } from '../../core/fact';
import type { SettingsSchema } from '../../core/figure';
import { BACKENDS, type Backend } from '../../core/model';
import type { KeptAsk } from '../../state/FigureDesk.svelte';
import { isChapter } from '../shell/chapters';
import {
  chosenOfQuery,
  fieldsOfQuery,
  InvalidLink,
  LIMITS,
  modelOf,
  type FigureInLink,
  type LinkedFigure,
  type LinkState,
} from './link-state';
import { readVersion1 } from './link-v1';

export const LINK_VERSION = 2;

export type Read =
  | { readonly kind: 'none' }
  | { readonly kind: 'state'; readonly state: LinkState }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'newer' };

/** Kept answers make way when a link gets longer than what people paste without worry. */
const LONG_LINK = 4_000;
/** Under a figure's name: an answer kept for comparison, as JSON. */
const KEEP = 'keep';

const text = v.pipe(v.string(), v.maxLength(LIMITS.text));
const KeptSchema = v.strictObject({
  prompt: v.pipe(text, v.minLength(1)),
  answer: v.optional(text, ''),
  foil: v.optional(text, ''),
  form: v.optional(v.picklist(PROMPT_FORMS)),
  bos: v.optional(v.boolean()),
  options: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])), {}),
});

/** What stands in a link as JSON: a list; undefined for anything else. */
function readList(raw: string): readonly unknown[] | undefined {
  try {
    const data: unknown = JSON.parse(raw);
    return Array.isArray(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

/** `true`, numbers and words as a person could type them, lists as JSON; which of them is meant, the schema knows. */
function readValue(schema: SettingsSchema<unknown>, key: string, raw: string): unknown {
  const entry = schema.entries[key]!;
  const flags: Readonly<Record<string, boolean>> = { '1': true, '0': false };
  const list = readList(raw);
  const readings = [
    raw,
    ...(/^-?\d+(\.\d+)?$/.test(raw) ? [Number(raw)] : []),
    ...(raw in flags ? [flags[raw]] : []),
    ...(list ? [list] : []),
  ];
  const fits = readings.find((value) => v.safeParse(entry, value).success);
  if (fits === undefined) throw new InvalidLink();
  return fits;
}

function writeValue(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  return Array.isArray(value) ? JSON.stringify(value) : String(value);
}

function readKept(raw: string): KeptAsk {
  let data: unknown;
  try {
    data = JSON.parse(raw);
  } catch {
    throw new InvalidLink();
  }
  const parsed = v.safeParse(KeptSchema, data);
  if (!parsed.success) throw new InvalidLink();
  const { options, form, bos, ...asked } = parsed.output;
  const fields = { ...asked, ...promptOptions({ form, bos }) };
  return { fields, options };
}

/** What the link says of figures, and what of it nobody here knows. */
function readFigures(query: URLSearchParams, figures: readonly LinkedFigure[]) {
  const found: Record<string, { settings: Record<string, unknown>; kept: KeptAsk[] }> = {};
  const unknown: string[] = [];
  for (const [name, raw] of query) {
    const [id = '', key, ...more] = name.split('.');
    if (key === undefined) continue;
    const figure = figures.find((one) => one.id === id);
    const isKept = key === KEEP && figure?.keeps === true;
    if (!figure || more.length > 0 || !(isKept || Object.hasOwn(figure.settings.entries, key))) {
      unknown.push(name.slice(0, 60));
      continue;
    }
    const one = (found[id] ??= { settings: {}, kept: [] });
    if (isKept) one.kept.push(readKept(raw));
    else one.settings[key] = readValue(figure.settings, key, raw);
    if (one.kept.length > LIMITS.kept) throw new InvalidLink();
  }
  return { figures: found as Record<string, FigureInLink>, unknown };
}

function backendOf(query: URLSearchParams): { readonly backend?: Backend } {
  const backend = query.get('backend');
  if (backend === null) return {};
  const found = BACKENDS.find((one) => one === backend);
  if (found === undefined) throw new InvalidLink();
  return { backend: found };
}

function readState(version: number, query: URLSearchParams, figures: readonly LinkedFigure[]): LinkState {
  const chapter = query.get('chapter') ?? 'fact';
  const rest = version === 1 ? { figures: readVersion1(query), unknown: [] } : readFigures(query, figures);
  return {
    chapter: isChapter(chapter) ? chapter : 'fact',
    fields: fieldsOfQuery(query),
    model: modelOf(query),
    ...backendOf(query),
    chosen: chosenOfQuery(query),
    ...rest,
    unknown: isChapter(chapter) ? rest.unknown : [`chapter ${chapter.slice(0, 60)}`, ...rest.unknown],
  };
}

/** Reads a link's fragment; whatever is in it, the answer is one of four and nothing is thrown. */
export function readLink(fragment: string, figures: readonly LinkedFigure[]): Read {
  const body = fragment.replace(/^#/, '');
  if (body === '') return { kind: 'none' };
  if (body.length > LIMITS.link) return { kind: 'invalid' };
  const query = new URLSearchParams(body);
  const version = query.get('v');
  if (version === null || !/^[1-9]\d{0,3}$/.test(version)) return { kind: 'invalid' };
  if (Number(version) > LINK_VERSION) return { kind: 'newer' };
  try {
    return { kind: 'state', state: readState(Number(version), query, figures) };
  } catch (cause) {
    if (cause instanceof InvalidLink) return { kind: 'invalid' };
    throw cause;
  }
}

/** The fragment (with `#`) that {@link readLink} reads back; what is as usual is left out. */
export function writeLink(state: LinkState): string {
  const { fields, chosen } = state;
  const query = new URLSearchParams({ v: String(LINK_VERSION), prompt: fields.prompt });
  const put = (name: string, value: string | undefined, usual?: string): void => {
    if (value !== undefined && value !== '' && value !== usual) query.set(name, value);
  };
  put('chapter', state.chapter, 'fact');
  put('answer', fields.answer);
  put('foil', fields.foil);
  put('subject', fields.subject?.join('-'));
  put('form', fields.form, 'text');
  put('bos', fields.bos === undefined ? undefined : writeValue(fields.bos));
  put('model', state.model, 'atlas');
  put('backend', state.backend);
  put('head', chosen.head && `${chosen.head.layer}-${chosen.head.head}`);
  put('column', chosen.column?.toString());
  put('token', chosen.looker?.toString());
  for (const { depth, position } of chosen.pins.slice(0, LIMITS.pins)) {
    if (depth !== undefined && position !== undefined) query.append('pin', `${depth}-${position}`);
  }
  for (const [id, { settings }] of Object.entries(state.figures)) {
    for (const [key, value] of Object.entries(settings)) query.set(`${id}.${key}`, writeValue(value));
  }
  for (const [id, { kept }] of Object.entries(state.figures)) {
    for (const ask of kept.slice(-LIMITS.kept)) addWhileShort(query, `${id}.${KEEP}`, writeKept(ask));
  }
  return `#${query.toString()}`;
}

function writeKept({ fields, options }: KeptAsk): string {
  const { prompt, answer, foil } = fields;
  const typed = { prompt, ...(answer ? { answer } : {}), ...(foil ? { foil } : {}) };
  const chosen = Object.keys(options).length > 0 ? { options } : {};
  return JSON.stringify({ ...typed, ...promptOptions(fields), ...chosen });
}

/** Puts a value in unless the link would get long. */
function addWhileShort(query: URLSearchParams, name: string, value: string): void {
  const longer = new URLSearchParams(query);
  longer.append(name, value);
  if (longer.toString().length < LONG_LINK) query.append(name, value);
}
