import { answerPosition, shownToken, type AnswerTokens, type PreparedFact, type Token } from '../../core/fact';
import { relativeDepth } from '../../core/ruler';
import { writtenText } from '../../core/written-text';
import type { Grounds } from './grounds';
import type { AnswerScore, EmergenceResult, Verdict } from '../../probes/emergence/meta';
import { percent } from '../../views/format';
import type { WordKey, Words, WordValues } from '../../views/words';

/** A sentence with tokens in it: slots of the message are filled with chips. */
export interface Sentence {
  readonly key: WordKey;
  readonly values: WordValues;
  readonly chips: Readonly<Record<string, { readonly text: string; readonly tone: 'answer' | 'plain' }>>;
}

export interface VerdictInput {
  readonly result: EmergenceResult;
  readonly prepared: PreparedFact;
  readonly labels: Readonly<Record<number, Token>>;
  readonly model: string;
  readonly n_layers: number;
  /** Whether a source says what is right, by the answer that the verdict speaks of. */
  readonly grounds: (answer: string) => Grounds;
}

/** Whether other subjects were asked, and why not. */
export type NullStatus =
  | 'known'
  /** They will be. */
  | 'pending'
  /** No subject is marked, so nothing can be exchanged. */
  | 'no-subject'
  /** No other subjects are known. */
  | 'no-names'
  /** It failed, was cancelled, or nothing is judged. */
  | 'unknown';

/** The accepted answer that the verdict speaks of. */
interface Spoken {
  /** As it was typed. */
  readonly typed: string;
  /** In the model's tokens. */
  readonly text: string;
  readonly first: string;
  /** Of several tokens: the lens, the curves and p are about the first. */
  readonly several: boolean;
  /** Undefined where the answer does not fit the context. */
  readonly score: AnswerScore | undefined;
}

/** Depth of a row as a count of completed layers; a mid-layer row belongs to the layer it is in. */
function layerOf(result: EmergenceResult, row: number): number {
  return Math.ceil(result.rowDepth[row]!);
}

/** The answer it would write, else the one it begins with, else the one it places best. */
function spokenOf(prepared: PreparedFact, result: EmergenceResult, verdict: Verdict): Spoken | undefined {
  const length = answerPosition(prepared) + 1;
  const scored = prepared.answers
    .filter((answer) => answer.promptLength === length)
    .map((answer) => ({ answer, score: result.answers.find(({ text }) => text === answer.text) }));
  const written = scored.find(({ score }) => score?.tokenRanks.every((rank) => rank === 1));
  const begun = scored.find(({ answer }) => answer.tokens[0]?.id === verdict.saysId);
  const ranked = scored.toSorted((a, b) => firstRank(a.score) - firstRank(b.score));
  const found = written ?? begun ?? ranked[0];
  return found && { ...inTokens(found.answer), score: found.score };
}

const firstRank = (score: AnswerScore | undefined): number => score?.tokenRanks[0] ?? Infinity;

/** Tokens as one text: a character may be spread over several of them. */
const spelled = (tokens: readonly Token[]): string =>
  tokens.some(({ special }) => special)
    ? tokens.map(({ text }) => text).join('')
    : writtenText(tokens.map((token) => ({ token })));

const inTokens = ({ text, tokens }: AnswerTokens): Omit<Spoken, 'score'> => ({
  typed: text,
  text: spelled(tokens),
  first: tokens[0]?.text ?? '',
  several: tokens.length > 1,
});

/** When the answer, or the first of its tokens, begins to lead, and whether it stays. */
function whenItEmerges({ result, n_layers }: VerdictInput, several: boolean): Sentence {
  const { first, stable } = result.events;
  const say = (
    kind: 'never' | 'lost' | 'embedding' | 'last' | 'stays' | 'passing',
    values: WordValues = {},
  ): Sentence => ({
    key: several ? `verdict.emerges.${kind}.several` : `verdict.emerges.${kind}`,
    values: { layers: n_layers, ...values },
    chips: {},
  });
  if (first === undefined) return say('never');
  const layer = layerOf(result, first);
  if (stable === undefined) return say('lost', { layer });
  if (stable === 0) return say('embedding');
  if (first === result.rowDepth.length - 1) return say('last');
  if (stable === first) return say('stays', { layer });
  return say('passing', { layer, stable: layerOf(result, stable) });
}

type Kind = Exclude<Grounds['kind'], 'outside'>;
type Keys = Readonly<Record<Kind, readonly [one: WordKey, several: WordKey]>>;

/** It writes the answer: what may be said of that, by what is known to be right; of one token and of several. */
const SAYS: Keys = {
  pending: ['verdict.answers', 'verdict.answers.several'],
  none: ['verdict.says', 'verdict.says.several'],
  taught: ['verdict.knows', 'verdict.knows.several'],
  otherwise: ['verdict.otherwise', 'verdict.otherwise.several'],
  never: ['verdict.infers', 'verdict.infers.several'],
};
/** It writes something else. */
const SAYS_NOT: Keys = {
  pending: ['verdict.not', 'verdict.not.several'],
  none: ['verdict.not', 'verdict.not.several'],
  taught: ['verdict.not', 'verdict.not.several'],
  otherwise: ['verdict.not.otherwise', 'verdict.not.otherwise.several'],
  never: ['verdict.not.never', 'verdict.not.never.several'],
};

/** What it says and on what grounds, with rank and probability: of all the answer, and of its first token if there are several. */
function whetherItKnows(
  { result, prepared, labels, model }: VerdictInput,
  verdict: Verdict,
  source: Exclude<Grounds, { kind: 'outside' }>,
  { locale }: Words,
): Sentence {
  const spoken = spokenOf(prepared, result, verdict);
  const score = spoken?.score;
  const values = {
    model,
    rank: (score?.tokenRanks[0] ?? verdict.rank).toLocaleString(locale),
    p: percent(score?.tokenProbs[0] ?? verdict.p),
    whole: percent(score?.probability ?? NaN),
    saysP: percent(verdict.saysProbability),
    taught: source.kind === 'otherwise' ? source.taught : '',
  };
  const chips = {
    answer: { text: spoken?.text ?? '', tone: 'answer' as const },
    first: { text: spoken?.first ?? '', tone: 'answer' as const },
    says: saysChip(verdict, labels),
  };
  const form = spoken?.several ? 1 : 0;
  if (verdict.knows) return { key: SAYS[source.kind][form], values, chips };
  if (verdict.topIsAnswer) return { key: score ? 'verdict.topOnly' : 'verdict.topOnly.unread', values, chips };
  return { key: SAYS_NOT[source.kind][form], values, chips };
}

/** Of a prompt unlike all that was taught: a lone word with its probability would look like knowledge. */
const outsideSentence = (verdict: Verdict, labels: VerdictInput['labels'], model: string): Sentence => ({
  key: 'verdict.outside',
  values: { model },
  chips: { says: saysChip(verdict, labels) },
});

const saysChip = ({ saysId }: Verdict, labels: VerdictInput['labels']) => ({
  text: shownToken(labels, saysId).text,
  tone: 'plain' as const,
});

/** What it would write, where nobody said what is right. */
function ownWords({ result, labels, model, n_layers }: VerdictInput, verdict: Verdict): Sentence[] {
  const layer = layerOf(result, result.saturation);
  const values = { model, saysP: percent(verdict.saysProbability) };
  const last = result.saturation === result.rowDepth.length - 1;
  const key = layer === 0 ? 'verdict.own.embedding' : last ? 'verdict.own.last' : 'verdict.own.stays';
  return [
    { key: 'verdict.own', values, chips: { says: saysChip(verdict, labels) } },
    { key, values: { layer, layers: n_layers }, chips: {} },
  ];
}

/** Does it know, and since which layer (docs/definitions.md, “Verdict”); undefined away from the answer's column. */
export function verdictSentences(input: VerdictInput, words: Words): Sentence[] | undefined {
  const { result, prepared } = input;
  const { verdict } = result;
  if (!verdict) return undefined;
  const spoken = spokenOf(prepared, result, verdict);
  const source = input.grounds(spoken?.typed ?? '');
  if (source.kind === 'outside') return [outsideSentence(verdict, input.labels, input.model)];
  if (verdict.ownAnswer) return ownWords(input, verdict);
  const several = spoken?.several ?? false;
  return [whetherItKnows(input, verdict, source, words), whenItEmerges(input, several)];
}

/** The verdict against the null: what other subjects show in the same sentence, or why that is not known. */
export function nullSentence(result: EmergenceResult, status: NullStatus, words: Words): string | undefined {
  if (!result.verdict || result.verdict.ownAnswer) return undefined;
  const others = result.null;
  if (others && others.used.length > 0) {
    const leading = others.first.filter((row) => row !== undefined).length;
    const values = { p: percent(others.meanP.at(-1)!), share: leading };
    return leading === 0
      ? words.count('verdict.null.never', others.used.length, values)
      : words.count('verdict.null.leads', others.used.length, values);
  }
  if (status === 'no-subject') return words('verdict.null.noSubject');
  return status === 'no-names' || status === 'known' ? words('verdict.null.noNames') : undefined;
}

/** The number of a layer for an event, or that it never happens. */
function eventText(result: EmergenceResult, row: number | undefined, words: Words): string {
  if (row === undefined) return words('verdict.never');
  const layer = layerOf(result, row);
  return layer === 0 ? words('verdict.depth.0') : String(layer);
}

/** A value as the right side of a formula: `= 69 %`, but `< 0.01 %`. */
const equals = (text: string): string => (/^[<>]/.test(text) ? text : `= ${text}`);

const DEPTH_DIGITS = 2;

/** Layer / layers, to compare models of different depth; a dash where there is no layer. */
function depthText(result: EmergenceResult, row: number | undefined, n_layers: number): string {
  return row === undefined ? '–' : relativeDepth(layerOf(result, row), n_layers).toFixed(DEPTH_DIGITS);
}

/** Numbers under the verdict: rank, p, events by name, their relative depths, and the whole answer where it is longer. */
export function verdictNumbers({ result, prepared, n_layers }: VerdictInput, words: Words) {
  const { verdict, events } = result;
  const spoken = verdict && spokenOf(prepared, result, verdict);
  const names = ['first', 'stable', 'half'] as const;
  // Half of what never leads is half of nothing that was reached.
  const shown = { ...events, half: events.stable === undefined ? undefined : events.half };
  return {
    rank: verdict?.rank.toLocaleString(words.locale) ?? '',
    p: verdict ? equals(percent(verdict.p)) : '',
    events: names.map((name) => ({
      name,
      value: name === 'half' && shown.half === undefined ? '–' : eventText(result, shown[name], words),
    })),
    depths: names.map((name) => depthText(result, shown[name], n_layers)).join(' / '),
    whole:
      spoken?.several && spoken.score && !verdict?.ownAnswer
        ? words('verdict.whole', { p: percent(spoken.score.probability) })
        : undefined,
  };
}
