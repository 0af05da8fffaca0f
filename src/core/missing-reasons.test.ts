import { describe, expect, it } from 'vitest';
import { missingReason, reasonFor, type MissingPart } from './missing-reasons';

const MISSING: readonly MissingPart[] = [
  { part: 'W_O', layer: 0, reason: missingReason('scaled-heads') },
  { part: 'mlp.hook_pre', layer: 0, reason: missingReason('no-activation') },
  { part: 'inside-attention', layer: 1, reason: missingReason('several-softmaxes', { count: 2 }) },
];

describe('the reason why something cannot be looked at', () => {
  it('is that of the part it needs, whatever else is missing', () => {
    expect(reasonFor('attention', MISSING)?.code).toBe('several-softmaxes');
    expect(reasonFor('mlp.hook_pre', MISSING)?.code).toBe('no-activation');
    expect(reasonFor('logit_lens', MISSING)).toBeUndefined();
    expect(reasonFor('attention', MISSING.slice(0, 2))).toBeUndefined();
  });

  it('is that of the whole anatomy where it is not known', () => {
    const all: readonly MissingPart[] = [{ part: 'anatomy', reason: missingReason('no-layers') }];
    for (const part of ['attention', 'logit_lens', 'mlp.hook_post'])
      expect(reasonFor(part, all)?.code).toBe('no-layers');
  });
});
