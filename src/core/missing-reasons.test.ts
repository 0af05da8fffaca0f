import { describe, expect, it } from 'vitest';
import { missingReason, whyMissing, type MissingPart } from './missing-reasons';

const experts = missingReason('experts');
const fused = missingReason('fused-attention', { operator: 'X' });
const missing: readonly MissingPart[] = [
  { part: 'mlp.hook_post', layer: 0, reason: experts },
  { part: 'inside-attention', layer: 0, reason: fused },
];

describe('why a part is missing', () => {
  it('is the reason of that part, whichever was written down first', () => {
    expect(whyMissing(missing, 'mlp.hook_post')).toBe(experts);
    expect(whyMissing(missing, 'attention')).toBe(fused);
  });

  it('is never that of another part', () => {
    expect(whyMissing(missing, 'hook_resid_mid')).toBeUndefined();
    expect(whyMissing(missing.slice(0, 1), 'attention')).toBeUndefined();
    expect(whyMissing([], 'attention')).toBeUndefined();
  });

  it('is the one for all of the inside, where that was not recognised', () => {
    const anatomy = missingReason('no-layers');
    for (const part of ['logit_lens', 'attention', 'mlp.hook_post']) {
      expect(whyMissing([{ part: 'anatomy', reason: anatomy }], part)).toBe(anatomy);
    }
  });
});
