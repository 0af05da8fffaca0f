import { describe, expect, it } from 'vitest';
import { english } from '../../../app/i18n/messages';
import type { Token } from '../../../core/fact';
import type { GeneratedToken } from '../../../core/writing';
import { alternativesTable, continuationTable } from './table';

const token = (text: string, id: number): Token => ({ id, text, bytes: [], start: 0, end: 0, special: false });
const steps: GeneratedToken[] = [
  {
    token: token(' a', 1),
    probability: 0.123456,
    alternatives: [
      { token: token(',', 2), probability: 0.876543 },
      { token: token(' a', 1), probability: 0.123456 },
    ],
  },
];

describe('a continuation as tables', () => {
  it('has a row for each written token', () => {
    expect(continuationTable(steps, english).rows).toEqual([[1, '·a', 0.1235]]);
  });

  it('has a row for each alternative, a comma being a token like others, with four digits', () => {
    const { rows, columns, fromOne } = alternativesTable(steps, english);
    expect(rows).toEqual([
      [1, 1, ',', 0.8765],
      [1, 2, '·a', 0.1235],
    ]);
    expect([columns.length, fromOne]).toEqual([4, [0]]);
  });
});
