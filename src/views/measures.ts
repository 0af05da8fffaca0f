/** What a chart over layers shows: probability, the same on a logarithmic axis, rank, difference of logits. */
export const MEASURES = ['p', 'logp', 'rank', 'diff'] as const;
export type Measure = (typeof MEASURES)[number];
