import type { AnswerTokens } from '../../core/fact';
import type { ModelChoice, ModelInfo } from '../../core/model';
import { CHECKPOINT_CHOICES, folderChoice } from '../../models/choices';
import { variantsIn } from '../../models/layout';
import {
  measureRuler,
  relativeDepth,
  type RulerCurve,
  type RulerNumbers,
  type RulerRow,
  type Shift,
} from '../../core/ruler';
import type { EmergenceResult } from '../../probes/emergence/meta';
import type { Compared } from '../../state/Comparison.svelte';
import { percent, visible } from '../../views/format';
import { depthName } from '../../views/layer-rows';
import type { TableData } from '../../views/table';
import type { WordKey, Words } from '../../views/words';

export type RulerAnswer = Compared<EmergenceResult>;

/** Two models' answers to one fact, laid side by side. */
export interface Ruler {
  readonly answers: readonly [RulerAnswer, RulerAnswer];
  /** What tells the two apart, as short as it can be: their precisions, or their names. */
  readonly names: readonly [string, string];
  readonly numbers: RulerNumbers;
}

/** Smaller differences of p are not worth a word. */
const SAME_P = 0.0005;
const NOTHING = '–';
const DIGITS = 4;

export function curveOf({ info, response: { result } }: RulerAnswer): RulerCurve {
  return {
    n_layers: info.dims.n_layers,
    depths: result.rowDepth,
    p: result.p,
    rank: result.rank,
    events: result.events,
  };
}

export function layRuler(first: RulerAnswer, second: RulerAnswer): Ruler {
  return {
    answers: [first, second],
    names: shortNames(first, second),
    numbers: measureRuler(curveOf(first), curveOf(second)),
  };
}

/** `onnx-community/gpt2` is `gpt2` where no other of that name stands beside it. */
const bare = (name: string): string => name.split('/').at(-1) ?? name;

type Named = Pick<RulerAnswer, 'choice'> & { readonly info: Pick<ModelInfo, 'name' | 'dtype'> };

function shortNames({ choice: a, info: first }: Named, { choice: b, info: second }: Named): [string, string] {
  if (bare(first.name) !== bare(second.name)) return [bare(first.name), bare(second.name)];
  if (first.name !== second.name) return [first.name, second.name];
  if (first.dtype !== second.dtype) return [first.dtype, second.dtype];
  return [a.name, b.name];
}

/** A folder that was opened holds all its precisions, whichever of them was chosen: each can be compared. */
export function withSiblings(choices: readonly ModelChoice[]): ModelChoice[] {
  const all = choices.flatMap((choice) => {
    const { source } = choice;
    if (source.kind !== 'folder') return [choice];
    const folder = { name: source.name, files: source.files };
    const models = variantsIn(source.files.keys());
    return models.map(({ dtype, graph }) => {
      const chosen = dtype === source.dtype && graph === source.graph;
      return chosen ? choice : folderChoice({ ...folder, models }, dtype, graph);
    });
  });
  return all.filter(({ id }, index) => all.findIndex((other) => other.id === id) === index);
}

/** Checkpoints that are not among the models here: each can be fetched by comparing with it. */
export function checkpointsBeside(choices: readonly ModelChoice[]): ModelChoice[] {
  return CHECKPOINT_CHOICES.filter(({ id }) => !choices.some((choice) => choice.id === id));
}

/**
 * The choice that is worth comparing with: another precision of the same model, else any other one that is here; where
 * there is none, the model as it was midway through its training.
 */
export function defaultSecond(choices: readonly ModelChoice[], first: ModelChoice): ModelChoice | undefined {
  const others = choices.filter(({ id }) => id !== first.id);
  const here = others.find((other) => sameModel(other, first)) ?? others[0];
  if (here) return here;
  const before = CHECKPOINT_CHOICES.filter((other) => other.id !== first.id && sameModel(other, first));
  return before[Math.floor(before.length / 2)];
}

function sameModel({ source: a }: ModelChoice, { source: b }: ModelChoice): boolean {
  if (a.kind === 'hub' && b.kind === 'hub') return a.repo === b.repo;
  if (a.kind === 'folder' && b.kind === 'folder') return a.name === b.name;
  return a.kind === 'bundled' && b.kind === 'bundled' && a.id === b.id;
}

/** A token or an answer inside a sentence. */
export const quoted = (text: string): string => `“${visible(text)}”`;

/** The answer as the sentence names it: as typed, or what the first model would write where none was given. */
function answerName({ answers: [first] }: Ruler): string {
  const text = canonical(first)?.text ?? '';
  return quoted(text.trim() || text);
}

function sign(value: number): string {
  return value > 0 ? '+' : value < 0 ? '−' : '';
}

/** A difference of probabilities in percentage points, without its sign: `3 points`, `0.4 points`. */
export function points(difference: number, words: Words): string {
  const value = Math.abs(difference) * 100;
  if (value > 0 && value < 0.1) return words('ruler.points.little');
  const text = value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(0);
  return words.count('ruler.points', Number(text));
}

const signedPoints = (difference: number, words: Words): string => sign(difference) + points(difference, words);

/** The accepted answer that names the fact; its first token is what the curves follow. */
export const canonical = ({ response }: RulerAnswer): AnswerTokens | undefined => response.prepared?.answers[0];

export const isOwn = ({ response }: RulerAnswer): boolean => response.result.verdict?.ownAnswer ?? false;
/** Text of the token the model would write. */
const says = ({ response: { result, labels } }: RulerAnswer): string => labels[result.finalIds[0]!]?.text ?? '';

function lead(ruler: Ruler, words: Words): string {
  const { numbers, names, answers } = ruler;
  const values = { a: names[0], b: names[1], answer: answerName(ruler) };
  const ranks = answers.map(({ response }) => response.result.rank.at(-1)!.toLocaleString(words.locale));
  const { depth, layers, relative } = numbers.stable;
  if (layers === undefined || relative === undefined) {
    if (depth[0] !== undefined) return words('ruler.says.onlyFirst', { ...values, rank: ranks[1]! });
    if (depth[1] !== undefined) return words('ruler.says.onlySecond', { ...values, rank: ranks[0]! });
    return words('ruler.says.neither', { ...values, rankA: ranks[0]!, rankB: ranks[1]! });
  }
  if (numbers.sameLayers) {
    if (layers === 0) return words('ruler.says.same', values);
    return words.count(layers > 0 ? 'ruler.says.later' : 'ruler.says.earlier', Math.abs(layers), values);
  }
  const [depthA, depthB] = answers.map(({ info }, side) => percent(relativeDepth(depth[side]!, info.dims.n_layers)));
  const key = Math.abs(relative) < SAME_P ? 'level' : relative > 0 ? 'deeper' : 'shallower';
  return words(`ruler.says.${key}`, { ...values, depthA: depthA!, depthB: depthB! });
}

/** Where a row lies, inside a sentence. */
export function place(row: Pick<RulerRow, 'relative' | 'depth'>, sameLayers: boolean, words: Words): string {
  if (row.relative === 0) return words('ruler.at.embedding');
  if (row.relative === 1 && (!sameLayers || row.depth[0] === 0)) return words('ruler.at.output');
  if (sameLayers) return words('ruler.at.layer', { layer: row.depth[0] });
  return words('ruler.at.relative', { relative: percent(row.relative) });
}

/** What the comparison says, in one sentence about the second model as measured against the first. */
export function rulerSentence(ruler: Ruler, words: Words): string {
  const { numbers, names, answers } = ruler;
  if (answers.every(isOwn) && says(answers[0]) !== says(answers[1])) {
    const [saysA, saysB] = [quoted(says(answers[0])), quoted(says(answers[1]))];
    return words('ruler.says.ownOther', { a: names[0], b: names[1], saysA, saysB });
  }
  const { final, gap } = numbers;
  const key = Math.abs(final.p) < SAME_P ? 'same' : final.p > 0 ? 'more' : 'less';
  const end = words(`ruler.p.${key}`, { points: points(final.p, words) });
  const most =
    gap && Math.abs(gap.difference) >= SAME_P
      ? words('ruler.gap', {
          points: points(gap.difference, words),
          place: place(gap, numbers.sameLayers, words),
        })
      : words('ruler.gap.none');
  return words('ruler.sentence', { lead: lead(ruler, words), end, most });
}

/** One line of the comparison: what is measured, in each model, and second minus first. */
export interface ShiftLine {
  readonly key: 'first' | 'stable' | 'gap' | 'p' | 'rank' | 'whole' | 'promptTokens' | 'answerTokens';
  readonly name: string;
  readonly values: readonly [string, string];
  readonly difference: string;
}

function depthText(depth: number | undefined, { info }: RulerAnswer, words: Words): string {
  if (depth === undefined) return words('verdict.never');
  const { n_layers } = info.dims;
  if (n_layers === 0) return words('ruler.depth.output');
  if (depth === 0) return words('verdict.depth.0');
  return words('ruler.depth', { layer: depth, layers: n_layers, relative: percent(depth / n_layers) });
}

function shiftText({ layers, relative }: Shift, words: Words): string {
  if (layers === undefined || relative === undefined) return NOTHING;
  if (layers === 0 && relative === 0) return words('ruler.shift.none');
  const signed = sign(layers) + Math.abs(layers);
  return words('ruler.shift', {
    layers: words.count('ruler.layers', Math.abs(layers), { signed }),
    relative: sign(relative) + percent(Math.abs(relative)),
  });
}

function wholeAnswer({ response }: RulerAnswer): number | undefined {
  const probabilities = response.result.answers.map(({ probability }) => probability);
  return probabilities.length > 0 ? Math.max(...probabilities) : undefined;
}

type Pair<T> = readonly [T, T];

/** The layer shift and what goes with it, as lines of a table. */
export function shiftLines(ruler: Ruler, words: Words): ShiftLine[] {
  const { numbers, answers } = ruler;
  const [a, b] = answers;
  const each = <T>(of: (answer: RulerAnswer) => T): Pair<T> => [of(a), of(b)];
  const event = (key: 'first' | 'stable'): ShiftLine => {
    const [from, to] = numbers[key].depth;
    const values = [depthText(from, a, words), depthText(to, b, words)] as const;
    return { key, name: words(`term.${key}`), values, difference: shiftText(numbers[key], words) };
  };
  const share = (key: ShiftLine['key'], name: string, [from, to]: Pair<number | undefined>): ShiftLine[] => {
    if (from === undefined || to === undefined) return [];
    return [{ key, name, values: [percent(from), percent(to)], difference: signedPoints(to - from, words) }];
  };
  const count = (key: ShiftLine['key'], name: string, [from, to]: Pair<number>): ShiftLine => {
    const written = (value: number): string => Math.abs(value).toLocaleString(words.locale);
    return { key, name, values: [written(from), written(to)], difference: sign(to - from) + written(to - from) };
  };
  const { gap } = numbers;
  const several = answers.some((answer) => (canonical(answer)?.tokens.length ?? 0) > 1);
  return [
    event('first'),
    event('stable'),
    ...(gap ? share('gap', words('ruler.line.gap', { place: place(gap, numbers.sameLayers, words) }), gap.p) : []),
    ...share(
      'p',
      words('ruler.line.p'),
      each(({ response }) => response.result.p.at(-1)),
    ),
    count(
      'rank',
      words('ruler.line.rank'),
      each(({ response }) => response.result.rank.at(-1)!),
    ),
    ...(several ? share('whole', words('ruler.line.whole'), each(wholeAnswer)) : []),
    count(
      'promptTokens',
      words('ruler.line.promptTokens'),
      each(({ response }) => response.prepared?.tokens.length ?? 0),
    ),
    count(
      'answerTokens',
      words('ruler.line.answerTokens'),
      each((answer) => canonical(answer)?.tokens.length ?? 0),
    ),
  ];
}

/** Row by row, output first; columns of a model are undefined, hence –, where it has no row at that depth. */
export function rulerTable({ numbers, names }: Ruler, words: Words): TableData {
  const number = (value: number | undefined): string | number =>
    value === undefined ? NOTHING : Number(value.toPrecision(DIGITS));
  const of = (key: WordKey): string[] => names.map((name) => words(key, { name }));
  const where = numbers.sameLayers
    ? [words('lens.table.layer')]
    : [words('ruler.table.relative'), ...of('ruler.table.layer')];
  return {
    caption: words('ruler.title'),
    columns: [...where, ...of('ruler.table.p'), words('ruler.table.difference'), ...of('ruler.table.rank')],
    rows: numbers.rows
      .map((row) => [
        ...(numbers.sameLayers ? [depthName(row.depth[0], words)] : [percent(row.relative), ...row.depth.map(number)]),
        ...row.p.map(number),
        number(row.difference),
        ...row.rank.map((rank) => rank ?? NOTHING),
      ])
      .reverse(),
  };
}
