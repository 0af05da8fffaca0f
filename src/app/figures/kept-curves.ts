import type { Fact, PreparedFact } from '../../core/fact';
import type { EmergenceResult } from '../../probes/emergence/meta';
import type { KeptCurves } from '../../state/Kept.svelte';

/** The same fact on the same model is kept once. */
export function keptKey(fact: Fact, model: string): string {
  return JSON.stringify([model, fact.prompt, fact.answers]);
}

export function curvesToKeep(result: EmergenceResult, prepared: PreparedFact, model: string): KeptCurves {
  return {
    key: keptKey(prepared.fact, model),
    fact: prepared.fact,
    ...(result.atAnswer ? {} : { position: result.position }),
    prompt: prepared.fact.prompt,
    answer: prepared.answers[0]?.text ?? '',
    model,
    depths: result.rowDepth,
    p: result.p,
    rank: result.rank,
    ...(result.logitDiff ? { logitDiff: result.logitDiff } : {}),
  };
}
