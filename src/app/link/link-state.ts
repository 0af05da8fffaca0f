import { PROMPT_FORMS, promptOptions, type FactFields, type PromptOptions } from '../../core/fact';
import type { SettingsSchema } from '../../core/figure';
import type { Backend } from '../../core/model';
import { parseHubChoice } from '../../models/choices';
import type { KeptAsk } from '../../state/FigureDesk.svelte';
import type { Chosen } from '../../state/Selection.svelte';
import type { PageChapter } from '../shell/chapters';

/** What a link says of one figure. */
export interface FigureInLink {
  /** As the figure's schema reads them; what is as usual is left out. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Answers kept for comparison, oldest first. */
  readonly kept: readonly KeptAsk[];
}

/** Everything a link carries. */
export interface LinkState {
  readonly chapter: PageChapter;
  readonly fields: FactFields;
  readonly model: string;
  /** Where the model is to run, when that was chosen; absent = as the reader has it. */
  readonly backend?: Backend;
  readonly chosen: Chosen;
  /** By probe. */
  readonly figures: Readonly<Record<string, FigureInLink>>;
  /** Settings and probes that this version does not know; the rest of the link counts. */
  readonly unknown: readonly string[];
}

/** What reading and writing a link needs to know of a figure. */
export interface LinkedFigure {
  readonly id: string;
  readonly settings: SettingsSchema<unknown>;
  readonly keeps: boolean;
}

export const LIMITS = {
  text: 20_000,
  link: 64_000,
  model: 300,
  pins: 50,
  kept: 5,
  /** Largest position, layer or head. */
  index: 100_000,
} as const;

/** Thrown while a link is read that is broken or hostile. */
export class InvalidLink extends Error {}

export function textWithin(value: string | null, longest: number): string {
  if (value !== null && value.length > longest) throw new InvalidLink();
  return value ?? '';
}

/** Whole numbers between dashes. @param half they may end in .5 (mid-layer depths). */
export function indexes(value: string, count: number, half = false): number[] {
  const parts = value.split('-');
  if (parts.length !== count) throw new InvalidLink();
  return parts.map((part) => {
    if (!(half ? /^\d{1,6}(\.5)?$/ : /^\d{1,6}$/).test(part)) throw new InvalidLink();
    const number = Number(part);
    if (number > LIMITS.index) throw new InvalidLink();
    return number;
  });
}

/** A bundled model's id, with the step where a checkpoint is meant, a hub choice, or the name of a folder that only the one who made the link has. */
export function modelOf(query: URLSearchParams): string {
  const id = textWithin(query.get('model'), LIMITS.model) || 'atlas';
  const known =
    /^[\w.-]+(\/[\w.-]+|@\d{1,9})?$/.test(id) ||
    parseHubChoice(id) !== undefined ||
    /^folder:[^\p{C}]+:[a-z0-9]+$/u.test(id);
  if (!known) throw new InvalidLink();
  return id;
}

export function fieldsOfQuery(query: URLSearchParams): FactFields {
  const prompt = textWithin(query.get('prompt'), LIMITS.text);
  if (prompt === '') throw new InvalidLink();
  const answer = textWithin(query.get('answer'), LIMITS.text);
  const foil = textWithin(query.get('foil'), LIMITS.text);
  const fields = { prompt, answer, foil, ...optionsOfQuery(query) };
  const subject = query.get('subject');
  if (subject === null) return fields;
  const [start, end] = indexes(subject, 2) as [number, number];
  if (!(start < end && end <= prompt.length)) throw new InvalidLink();
  return { ...fields, subject: [start, end] };
}

/** How the prompt is put to the model. */
function optionsOfQuery(query: URLSearchParams): PromptOptions {
  const form = query.get('form');
  const bos = query.get('bos');
  const known = PROMPT_FORMS.find((one) => one === form);
  if ((form !== null && known === undefined) || (bos !== null && bos !== '0' && bos !== '1')) throw new InvalidLink();
  return promptOptions({ form: known, bos: bos === null ? undefined : bos === '1' });
}

/** What is selected: a head, a column, a token that looks, pins. */
export function chosenOfQuery(query: URLSearchParams): Chosen {
  const pins = query.getAll('pin');
  if (pins.length > LIMITS.pins) throw new InvalidLink();
  const head = query.get('head');
  const [layer, index] = head === null ? [] : indexes(head, 2);
  const one = (name: string): number | undefined => {
    const value = query.get(name);
    return value === null ? undefined : indexes(value, 1)[0];
  };
  const column = one('column');
  const looker = one('token');
  return {
    ...(head === null ? {} : { head: { layer: layer!, head: index! } }),
    ...(column === undefined ? {} : { column }),
    ...(looker === undefined ? {} : { looker }),
    pins: pins.map((pin) => {
      const [depth, position] = indexes(pin, 2, true);
      if (!Number.isInteger(position)) throw new InvalidLink();
      return { depth: depth!, position: position! };
    }),
  };
}
