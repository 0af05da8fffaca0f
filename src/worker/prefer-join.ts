import type { AnswerTokens, PreparedFact } from '../core/fact';
import type { RunSpec } from '../core/run';
import type { WorkerLab } from './lab';

/**
 * Which of two ways to join an answer to its prompt a model prefers: the one whose text it finds more probable, from the
 * last token that both share (docs/definitions.md, “Answer tokens”).
 */
export async function withPreferredJoins(lab: WorkerLab, prepared: PreparedFact, limit: number): Promise<PreparedFact> {
  if (![...prepared.answers, prepared.foil].some((one) => one?.other)) return prepared;
  const choose = (answer: AnswerTokens): Promise<AnswerTokens> => preferred(lab, prepared, answer, limit);
  const answers: AnswerTokens[] = [];
  // One after the other: runs of a lab have an order.
  for (const answer of prepared.answers) answers.push(await choose(answer));
  const foil = prepared.foil && (await choose(prepared.foil));
  return { ...prepared, answers, ...(foil ? { foil } : {}) };
}

/** Below this probability of the whole answer, two words are not made one. */
const HARDLY = 1e-4;
const LETTER_END = /\p{L}$/u;
const LETTER_START = /^\p{L}/u;

async function preferred(
  lab: WorkerLab,
  { tokens, fact }: PreparedFact,
  { other, ...usual }: AnswerTokens,
  limit: number,
): Promise<AnswerTokens> {
  if (!other) return usual;
  const prompt = tokens.map(({ id }) => id);
  // Hardly ever written at all, “isberlin” is no better a way to write it than “is berlin”.
  const wordOnWord = LETTER_END.test(fact.prompt) && LETTER_START.test(usual.text);
  const counts = (p: number): boolean => !wordOnWord || p >= HARDLY;
  const whole = (one: Omit<AnswerTokens, 'other'>): number[] => [
    ...prompt.slice(0, one.promptLength),
    ...one.tokens.map(({ id }) => id),
  ];
  const texts = [whole(usual), whole(other)] as const;
  // The last token is foretold, never read.
  if (texts.some((text) => text.length - 1 > limit)) return usual;
  const shared = sharedLength(...texts);
  // One of them may be the beginning of the other.
  if (shared === 0 || texts.some((text) => text.length === shared)) return usual;
  const [first, second] = texts.map((text) => text.slice(shared)) as [number[], number[]];
  const asked = await begins(lab, shared === prompt.length ? prompt : texts[0].slice(0, shared), [
    first[0]!,
    second[0]!,
  ]);
  const chosen = (one: Omit<AnswerTokens, 'other'>): AnswerTokens => ({ ...one, preferred: true });
  // A whole text is never more probable than its first token.
  const [upper, otherUpper] = asked;
  if (first.length === 1 && upper >= otherUpper) return chosen(usual);
  if (second.length === 1 && otherUpper > upper && counts(otherUpper)) return chosen(other);
  const p = first.length === 1 ? upper : await probability(lab, texts[0], shared);
  if (p >= otherUpper) return chosen(usual);
  const otherP = second.length === 1 ? otherUpper : await probability(lab, texts[1], shared);
  return chosen(otherP > p && counts(otherP) ? other : usual);
}

function sharedLength(a: readonly number[], b: readonly number[]): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a[length] === b[length]) length++;
  return length;
}

/** Of one token after these. */
async function begins(
  lab: WorkerLab,
  tokens: readonly number[],
  targets: readonly [number, number],
): Promise<[number, number]> {
  const { lens } = await lab.run({
    tokens,
    interventions: [],
    captures: [],
    lens: { positions: [-1], midLayers: false, rows: 'last', k: 1, targets: [...new Set(targets)] },
  });
  const of = (id: number): number => lens!.targetProbs[lens!.targets.indexOf(id)]!;
  return [of(targets[0]), of(targets[1])];
}

/** Of all tokens from `from` on, each given those before it. */
async function probability(lab: WorkerLab, tokens: readonly number[], from: number): Promise<number> {
  const rest = tokens.slice(from);
  const targets = [...new Set(rest)];
  const spec: RunSpec = {
    tokens: tokens.slice(0, -1),
    interventions: [],
    captures: [],
    lens: { positions: rest.map((_, step) => from - 1 + step), midLayers: false, rows: 'last', k: 1, targets },
  };
  const { lens } = await lab.run(spec);
  return rest.reduce((p, id, step) => p * lens!.targetProbs[step * targets.length + targets.indexOf(id)]!, 1);
}
