import { emergence } from '../../core/emergence';
import { answerIds, answerPosition, asJoined, foilId, shownToken, type PreparedFact } from '../../core/fact';
import type { ProbeRun } from '../../core/probe';
import type { ProbeReport } from '../../core/report';
import type { LensTable, RunSpec, Trace } from '../../core/run';
import { bestLogits, bestRanks, summedProbs } from '../../core/targets';
import type { AnswerScore, EmergenceOptions, EmergenceResult, NullResult, Verdict } from './meta';
import { planEmergence, withSubject, type EmergenceInput, type EmergencePlan } from './plan';

/** Index of a target id in a table. */
const target = (table: LensTable, id: number): number => table.targets.indexOf(id);

/** First row of a whole layer from which the leading token is the last row's in every later one. */
export function saturationRow(
  topIds: ArrayLike<number>,
  depths: ArrayLike<number> = Array.from(topIds, (_, row) => row),
): number {
  const rows = Array.from(topIds, (_, row) => row).filter((row) => Number.isInteger(depths[row]));
  const own = topIds[topIds.length - 1];
  const lastOther = rows.findLastIndex((row) => topIds[row] !== own);
  return rows[lastOther + 1]!;
}

function score(text: string, ids: readonly number[], table: LensTable): AnswerScore {
  const row = table.rowDepth.length - 1;
  const width = table.targets.length;
  // With one token the table is the answer's column itself; with several, column i is where token i comes next.
  const at = (step: number, id: number) => (row * table.positions.length + step) * width + target(table, id);
  const tokenProbs = ids.map((id, step) => table.targetProbs[at(step, id)]!);
  return {
    text,
    tokenIds: ids,
    tokenProbs,
    probability: tokenProbs.reduce((product, p) => product * p, 1),
    tokenRanks: ids.map((id, step) => table.targetRanks[at(step, id)]!),
  };
}

function scoreAnswers(prepared: PreparedFact, plan: EmergencePlan, traces: readonly Trace[]) {
  const answers: AnswerScore[] = [];
  const answersLeftOut: EmergenceResult['answersLeftOut'][number][] = [];
  const judged = plan.atAnswer && prepared.ownAnswer !== true ? prepared.answers : [];
  judged.forEach((answer, index) => {
    const ids = answer.tokens.map((token) => token.id);
    const run = plan.forced.findIndex((forced) => forced.answer === index);
    if (answer.promptLength !== plan.position + 1) answersLeftOut.push({ text: answer.text, reason: 'seam' });
    else if (ids.length === 1) answers.push(score(answer.text, ids, traces[0]!.lens!));
    else if (run < 0) answersLeftOut.push({ text: answer.text, reason: 'too-long' });
    else answers.push(score(answer.text, ids, traces[1 + run]!.lens!));
  });
  return { answers, answersLeftOut };
}

function nullOf(plan: EmergencePlan, traces: readonly Trace[]): NullResult | undefined {
  if (plan.null.length + plan.skipped.length === 0) return undefined;
  const tables = plan.null.map((_, index) => traces[1 + plan.forced.length + index]!.lens!);
  const rows = traces[0]!.lens!.rowDepth.length;
  const p = tables.map((table, index) => summedProbs(table, answerIds(plan.null[index]!.prepared)));
  const rank = tables.map((table, index) => bestRanks(table, answerIds(plan.null[index]!.prepared)));
  const events = p.map((column, index) => emergence(column, rank[index]!, traces[0]!.lens!.rowDepth));
  const mean = (value: (subject: number, row: number) => number) =>
    Float32Array.from({ length: rows }, (_, row) => {
      const sum = tables.reduce((total, _table, subject) => total + value(subject, row), 0);
      return tables.length > 0 ? sum / tables.length : NaN;
    });
  const flat = new Float32Array(tables.length * rows);
  p.forEach((column, subject) => flat.set(column, subject * rows));
  return {
    used: plan.null.map((run) => run.subject),
    skipped: plan.skipped,
    meanP: mean((subject, row) => p[subject]![row]!),
    leadShare: mean((subject, row) => (rank[subject]![row] === 1 ? 1 : 0)),
    p: flat,
    first: events.map((event) => event.first),
    stable: events.map((event) => event.stable),
  };
}

/** The runs of a plan in their order: the column, teacher forcing, the null. */
export const specsOf = (plan: EmergencePlan): readonly RunSpec[] => [
  plan.column,
  ...plan.forced.map((forced) => forced.spec),
  ...plan.null.map((other) => other.spec),
];

/** @param traces of {@link specsOf}, in that order. */
export function read(input: EmergenceInput, plan: EmergencePlan, traces: readonly Trace[]): EmergenceResult {
  const prepared = input.prepared!;
  const table = traces[0]!.lens!;
  const rows = table.rowDepth.length;
  const last = rows - 1;
  const ids = answerIds(prepared);
  const foil = foilId(prepared);
  const p = summedProbs(table, ids);
  const rank = bestRanks(table, ids);
  const answerLogits = bestLogits(table, ids);
  const topIds = Int32Array.from({ length: rows }, (_, row) => table.topIds[row * table.k]!);
  const finalIds = table.topIds.slice(last * table.k, rows * table.k);
  const finalProbs = table.topProbs.slice(last * table.k, rows * table.k);
  const { answers, answersLeftOut } = scoreAnswers(prepared, plan, traces);
  const foilPart = (foilToken: number) => {
    const foilLogits = bestLogits(table, [foilToken]);
    return {
      foilId: foilToken,
      foilP: summedProbs(table, [foilToken]),
      foilRank: bestRanks(table, [foilToken]),
      logitDiff: answerLogits.map((logit, row) => logit - foilLogits[row]!),
    };
  };
  const verdict: Verdict = {
    topIsAnswer: rank[last] === 1,
    knows: answers.some((answer) => answer.tokenRanks.every((tokenRank) => tokenRank === 1)),
    rank: rank[last]!,
    p: p[last]!,
    saysId: finalIds[0]!,
    saysProbability: finalProbs[0]!,
    ownAnswer: prepared.ownAnswer === true,
  };
  const nullResult = nullOf(plan, traces);
  return {
    position: plan.position,
    atAnswer: plan.position === answerPosition(prepared),
    rowHooks: table.rowHooks,
    rowDepth: table.rowDepth,
    answerIds: ids,
    p,
    rank,
    answerLogits,
    ...(foil === undefined ? {} : foilPart(foil)),
    events: emergence(p, rank, table.rowDepth),
    saturation: saturationRow(topIds, table.rowDepth),
    topIds,
    topProbs: Float32Array.from({ length: rows }, (_, row) => table.topProbs[row * table.k]!),
    finalIds,
    finalProbs,
    entropyBits: table.entropyBits,
    klBits: table.klBits,
    ...(plan.atAnswer ? { verdict } : {}),
    answers,
    answersLeftOut,
    ...(nullResult ? { null: nullResult } : {}),
    tokenIds: Int32Array.from(
      new Set([...topIds, ...finalIds, ...table.targets, ...answers.flatMap((answer) => answer.tokenIds)]),
    ),
  };
}

export const run: ProbeRun<EmergenceOptions, never, EmergenceResult> = async function* (
  lab,
  { info, prepared, options },
) {
  // Other subjects are held against the very tokens that this one is.
  const fact = asJoined(prepared!);
  const related = fact.subject ? options.null.map((subject) => lab.prepare(withSubject(fact, subject))) : [];
  const input = { info, prepared, options, related };
  const plan = planEmergence(input);
  const specs = specsOf(plan);
  lab.expect(specs.length);
  const traces: Trace[] = [];
  for await (const trace of lab.runs({ specs: specs.length, keep: true }, specs, (one) => one)) traces.push(trace);
  return read(input, plan, traces);
};

/** A row for each depth, embedding first; events are rows of this list. */
export const report: ProbeReport<EmergenceResult> = (result, labels) => ({
  position: result.position,
  events: result.events,
  saturation: result.saturation,
  verdict: result.verdict,
  answers: result.answers,
  ...(result.null ? { null: { used: result.null.used, skipped: result.null.skipped } } : {}),
  rows: result.rowDepth.map((depth, row) => ({
    depth,
    p: result.p[row]!,
    rank: result.rank[row]!,
    top: shownToken(labels, result.topIds[row]!).text,
    topId: result.topIds[row]!,
    topP: result.topProbs[row]!,
    foilP: result.foilP?.[row],
    logitDiff: result.logitDiff?.[row],
    nullP: result.null?.meanP[row],
    entropyBits: result.entropyBits[row]!,
    klBits: result.klBits[row]!,
  })),
});
