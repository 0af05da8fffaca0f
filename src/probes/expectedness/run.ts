import { logSumExp, topK } from '../../core/numerics';
import type { ProbeInput, ProbeRun } from '../../core/probe';
import { labelOf, type ProbeReport } from '../../core/report';
import type { RunSpec, Trace } from '../../core/run';
import { slice } from '../../core/tensor';
import type { ExpectednessOptions, ExpectednessResult } from './meta';

type Input = Pick<ProbeInput<ExpectednessOptions>, 'prepared'>;

export function plan({ prepared }: Input): RunSpec {
  return { tokens: prepared!.tokens.map(({ id }) => id), interventions: [], captures: ['logits'] };
}

/** Row i of the logits is what was expected at position i + 1. */
export function read({ spec, captures }: Trace): ExpectednessResult {
  const logits = captures.get('logits')!;
  const ids = spec.tokens.slice(1);
  const rows = ids.map((id, before) => {
    const row = slice(logits, before);
    const normaliser = logSumExp(row);
    const top = topK(row, 1)[0]!;
    return { bits: (normaliser - row[id]!) / Math.LN2, top, topP: Math.exp(row[top]! - normaliser) };
  });
  return {
    ids: Int32Array.from(ids),
    bits: Float32Array.from(rows, ({ bits }) => bits),
    topIds: Int32Array.from(rows, ({ top }) => top),
    topProbs: Float32Array.from(rows, ({ topP }) => topP),
    tokenIds: Int32Array.from(new Set([...ids, ...rows.map(({ top }) => top)])),
  };
}

export const run: ProbeRun<ExpectednessOptions, never, ExpectednessResult> = async function* (lab, input) {
  return read(await lab.run(plan(input)));
};

/** A row for each token that has one before it. */
export const report: ProbeReport<ExpectednessResult> = ({ ids, bits, topIds, topProbs }, labels) => ({
  rows: Array.from(ids, (id, at) => ({
    position: at + 1,
    token: labelOf(labels, id),
    tokenId: id,
    bits: bits[at]!,
    p: 2 ** -bits[at]!,
    top: labelOf(labels, topIds[at]!),
    topId: topIds[at]!,
    topP: topProbs[at]!,
  })),
});
