import { StrataError } from '../../core/errors';
import { answerIds, answerPosition, foilId, type Fact, type PreparedFact } from '../../core/fact';
import type { ProbeInput } from '../../core/probe';
import type { RunSpec } from '../../core/run';
import type { EmergenceOptions, SkippedSubject } from './meta';

/** The fact with another subject in the subject's place. */
export function withSubject(fact: Fact, subject: string): Fact {
  const [start, end] = fact.subject ?? [0, 0];
  return {
    ...fact,
    prompt: fact.prompt.slice(0, start) + subject + fact.prompt.slice(end),
    subject: [start, start + subject.length],
  };
}

const ids = (prepared: PreparedFact): number[] => prepared.tokens.map((token) => token.id);

/** Where each part of the plan stands in it: the column, then teacher forcing per answer, then the null. */
export interface EmergencePlan {
  readonly column: RunSpec;
  readonly position: number;
  readonly atAnswer: boolean;
  /** Accepted answers of several tokens that fit the context. */
  readonly forced: readonly { readonly answer: number; readonly spec: RunSpec }[];
  readonly null: readonly { readonly subject: string; readonly spec: RunSpec; readonly prepared: PreparedFact }[];
  readonly skipped: readonly SkippedSubject[];
}

/** The fact, and the same fact with each of `options.null` in the subject's place. */
export type EmergenceInput = Pick<ProbeInput<EmergenceOptions>, 'info' | 'prepared' | 'options'> & {
  readonly related: readonly PreparedFact[];
};

function nullRuns({ prepared, options, related }: EmergenceInput): Pick<EmergencePlan, 'null' | 'skipped'> {
  const runs: EmergencePlan['null'][number][] = [];
  const skipped: SkippedSubject[] = [];
  const seen = new Map([[ids(prepared!).join(), 'unchanged' as const]]) as Map<string, 'unchanged' | 'duplicate'>;
  related.forEach((other, index) => {
    const subject = options.null[index]!;
    const key = ids(other).join();
    const before = seen.get(key);
    const reason = !subject.trim() ? 'empty' : (before ?? (other.tokensOver > 0 ? 'too-long' : undefined));
    if (reason) {
      skipped.push({ subject, reason });
      return;
    }
    seen.set(key, 'duplicate');
    const lens = { positions: [answerPosition(other)], midLayers: options.midLayers, k: 1, targets: answerIds(other) };
    runs.push({ subject, prepared: other, spec: { tokens: ids(other), interventions: [], captures: [], lens } });
  });
  return { null: runs, skipped };
}

export function planEmergence(input: EmergenceInput): EmergencePlan {
  const { options, info } = input;
  const prepared = input.prepared!;
  const tokens = ids(prepared);
  const answerAt = answerPosition(prepared);
  const asked = options.position === 'answer' ? answerAt : options.position;
  const position = asked < 0 ? asked + tokens.length : asked;
  if (position < 0 || position >= tokens.length) {
    throw new StrataError('invalid-request', `There is no position ${asked} in a prompt of ${tokens.length} tokens.`, {
      position: asked,
      tokens: tokens.length,
    });
  }
  const atAnswer = position === answerAt;
  const foil = foilId(prepared);
  const targets = [...new Set([...answerIds(prepared), ...(foil === undefined ? [] : [foil])])];
  const joined = prepared.answers.map((answer) => answer.promptLength === answerAt + 1 && answer.tokens.length > 1);
  const forced = prepared.answers.flatMap((answer, index) => {
    const spelled = [...tokens.slice(0, answerAt + 1), ...answer.tokens.slice(0, -1).map((token) => token.id)];
    if (!joined[index] || !atAnswer || spelled.length > info.limits.tokens) return [];
    const lens = {
      positions: answer.tokens.map((_, step) => answerAt + step),
      midLayers: false,
      k: 1,
      targets: [...new Set(answer.tokens.map((token) => token.id))],
    };
    return [{ answer: index, spec: { tokens: spelled, interventions: [], captures: [], lens } }];
  });
  const others = atAnswer && prepared.ownAnswer !== true ? nullRuns(input) : { null: [], skipped: [] };
  return {
    column: {
      tokens,
      interventions: [],
      captures: [],
      lens: { positions: [position], midLayers: options.midLayers, k: 10, targets },
    },
    position,
    atAnswer,
    forced,
    ...others,
  };
}
