import { describe, expect, it } from 'vitest';
import type { Token } from '../core/fact';
import { arcLayout } from './arc-layout';

const tokens = ['a', '·quite·long·token·indeed', 'b'].map((text, id): Token => ({
  id,
  text,
  bytes: [],
  start: 0,
  end: 0,
  special: false,
}));
// Rows look: 0 → 0; 1 → 0 and 1; 2 → mostly 1.
const values = Float32Array.of(1, 0, 0, 0.75, 0.25, 0, 0.01, 0.9, 0.09);

describe('arcs between tokens', () => {
  it('go up to where the chosen token looks and down from those who look at it', () => {
    const { arcs } = arcLayout(tokens, values, 1, 1, 7);
    expect(arcs.map(({ key, below }) => [key, below])).toEqual([
      ['a0', false],
      ['a1', false],
      ['b2', true],
    ]);
    expect(arcs.map(({ share }) => share)).toEqual([0.75, 0.25, expect.closeTo(0.9, 6)]);
  });

  it('leave out what is hardly anything and are as thick as what they stand for', () => {
    const { arcs } = arcLayout(tokens, values, 1, 2, 7);
    expect(arcs.map(({ other }) => other)).toEqual([1, 2]);
    expect(arcs[0]!.width / arcs[1]!.width).toBeCloseTo(8.1, 5);
  });

  it('stand over tokens that do not overlap', () => {
    const { boxes, width } = arcLayout(tokens, values, 1, 0, 7);
    boxes.slice(1).forEach((box, index) => {
      expect(box.left).toBeGreaterThan(boxes[index]!.left + boxes[index]!.width);
    });
    expect(boxes[1]!.text).toHaveLength(12);
    expect(width).toBeGreaterThan(boxes[2]!.left + boxes[2]!.width);
  });
});
