import type { PreparedFact, Token } from '../core/fact';
import type { EmergenceResult } from '../probes/emergence/meta';
import { percent } from '../views/format';
import type { WordKey, Words, WordValues } from '../views/words';

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
}

/** Depth of a row as a count of completed layers; a mid-layer row belongs to the layer it is in. */
function layerOf(result: EmergenceResult, row: number): number {
  return Math.ceil(result.rowDepth[row]!);
}

function whenItEmerges({ result, n_layers }: VerdictInput): Sentence {
  const { first, stable } = result.events;
  const say = (key: WordKey, values: WordValues = {}): Sentence => ({
    key,
    values: { layers: n_layers, ...values },
    chips: {},
  });
  if (first === undefined) return say('verdict.emerges.never');
  const layer = layerOf(result, first);
  if (stable === undefined) return say('verdict.emerges.lost', { layer });
  if (stable === 0) return say('verdict.emerges.embedding');
  if (first === result.rowDepth.length - 1) return say('verdict.emerges.last');
  if (stable === first) return say('verdict.emerges.stays', { layer });
  return say('verdict.emerges.passing', { layer, stable: layerOf(result, stable) });
}

function answerText({ prepared, result }: VerdictInput): string {
  const said = prepared.answers.find((answer) => answer.tokens[0]?.id === result.verdict?.saysId);
  const answer = said ?? prepared.answers[0];
  return answer ? answer.tokens.map((token) => token.text).join('') : '';
}

/** Does it know, and since which layer (SPEC.md, "Fact, answer, verdict"); undefined away from the answer's column. */
export function verdictSentences(input: VerdictInput): Sentence[] | undefined {
  const { result, labels, model, n_layers } = input;
  const { verdict } = result;
  if (!verdict) return undefined;
  const says = { text: labels[verdict.saysId]?.text ?? `⟨${verdict.saysId}⟩`, tone: 'plain' as const };
  const answer = { text: answerText(input), tone: 'answer' as const };
  const saysP = percent(verdict.saysProbability);
  if (verdict.ownAnswer) {
    const settled = layerOf(result, result.saturation);
    const key = settled === 0 ? 'verdict.own.embedding' : 'verdict.own.stays';
    return [
      { key: 'verdict.own', values: { model, saysP }, chips: { says } },
      { key, values: { layer: settled, layers: n_layers }, chips: {} },
    ];
  }
  const values = { model, p: percent(verdict.p), saysP };
  const emerges = whenItEmerges(input);
  if (verdict.knows) return [{ key: 'verdict.knows', values, chips: { answer } }, emerges];
  if (verdict.topIsAnswer) return [{ key: 'verdict.topOnly', values, chips: { answer } }, emerges];
  return [{ key: 'verdict.not', values, chips: { answer, says } }, emerges];
}

/** The number of a layer for an event, or that it never happens. */
function eventText(result: EmergenceResult, row: number | undefined, words: Words): string {
  if (row === undefined) return words('verdict.never');
  const layer = layerOf(result, row);
  return layer === 0 ? words('verdict.depth.0') : String(layer);
}

/** Numbers under the verdict: events by name, and the null in words; undefined where there is no null. */
export function verdictNumbers(result: EmergenceResult, words: Words) {
  const { verdict, events } = result;
  const whole = result.answers.find((answer) => answer.tokenIds.length > 1);
  const null_ = result.null && result.null.used.length > 0 ? result.null : undefined;
  const leading = null_?.first.filter((row) => row !== undefined).length ?? 0;
  return {
    rank: verdict?.rank.toLocaleString(words.locale) ?? '',
    p: verdict ? percent(verdict.p) : '',
    events: (['first', 'stable', 'half'] as const).map((name) => ({
      name,
      value: eventText(result, events[name], words),
    })),
    whole: whole && words('verdict.whole', { p: percent(whole.probability) }),
    null:
      null_ &&
      (leading === 0
        ? words('verdict.null.never')
        : words('verdict.null.rare', {
            p: percent(null_.meanP.at(-1)!),
            share: leading,
            count: null_.used.length,
          })),
  };
}
