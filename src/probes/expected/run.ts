import { shownToken } from '../../core/fact';
import type { ProbeRun } from '../../core/probe';
import type { ProbeReport } from '../../core/report';
import { slice, type Tensor } from '../../core/tensor';
import type { ExpectedResult } from './meta';

/** Of one row of logits: the normaliser log Σ exp x, and what leads. */
function rowOf(logits: Float32Array): { readonly normaliser: number; readonly top: number } {
  let top = 0;
  for (let id = 1; id < logits.length; id++) if (logits[id]! > logits[top]!) top = id;
  const most = logits[top]!;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return { normaliser: most + Math.log(sum), top };
}

/**
 * What the model expected before it read each token.
 * @param ids the prompt's tokens. @param logits `[T, V]`, row i read after token i.
 */
export function expectedness(ids: readonly number[], logits: Tensor): ExpectedResult {
  const count = ids.length;
  const p = new Float32Array(count).fill(NaN);
  const surprisalBits = new Float32Array(count).fill(NaN);
  const topProbs = new Float32Array(count).fill(NaN);
  const rank = new Int32Array(count);
  const topIds = new Int32Array(count).fill(-1);
  for (let position = 1; position < count; position++) {
    const row = slice(logits, position - 1);
    const { normaliser, top } = rowOf(row);
    const own = row[ids[position]!]!;
    let above = 0;
    for (const logit of row) if (logit > own) above++;
    p[position] = Math.exp(own - normaliser);
    surprisalBits[position] = (normaliser - own) / Math.LN2;
    rank[position] = above + 1;
    topIds[position] = top;
    topProbs[position] = Math.exp(row[top]! - normaliser);
  }
  return { p, rank, surprisalBits, topIds, topProbs, tokenIds: Int32Array.from(new Set([...ids, ...topIds.slice(1)])) };
}

export const run: ProbeRun<object, never, ExpectedResult> = async function* (lab, { prepared }) {
  const ids = prepared!.tokens.map(({ id }) => id);
  const { captures } = await lab.run({ tokens: ids, interventions: [], captures: ['logits'] });
  return expectedness(ids, captures.get('logits')!);
};

/** A row for each token of the prompt. */
export const report: ProbeReport<ExpectedResult> = ({ p, rank, surprisalBits, topIds, topProbs }, labels) => ({
  rows: Array.from(p, (value, position) =>
    position === 0
      ? { position }
      : {
          position,
          p: value,
          rank: rank[position]!,
          surprisalBits: surprisalBits[position]!,
          top: shownToken(labels, topIds[position]!).text,
          topId: topIds[position]!,
          topP: topProbs[position]!,
        },
  ),
});
