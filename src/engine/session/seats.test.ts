import { describe, expect, it } from 'vitest';
import { StrataError } from '../../core/errors';
import { pointKey, type Point } from '../../onnx/trunk-header';
import { Seats, type Seated } from './seats';

class Chair implements Seated {
  open = true;
  constructor(readonly points: readonly Point[]) {}
  has(points: readonly Point[]): boolean {
    return points.every((point) => this.points.some((own) => pointKey(own) === pointKey(point)));
  }
  release(): Promise<void> {
    this.open = false;
    return Promise.resolve();
  }
}

const mask = (layer: number): Point => ({ kind: 'mask', layer });

/** Seats with a record of all sessions made. @param fails Numbers of the openings that run out of memory. */
function room(both: boolean, fails: readonly number[] = []) {
  const made: Chair[] = [];
  let openings = 0;
  const seats = new Seats<Chair>(
    (points) => {
      openings++;
      if (fails.includes(openings)) return Promise.reject(new StrataError('out-of-memory', 'There is no memory.'));
      const chair = new Chair(points);
      made.push(chair);
      return Promise.resolve(chair);
    },
    () => both,
  );
  return { seats, made, held: () => made.filter(({ open }) => open) };
}

describe('with memory for two sessions', () => {
  it('keeps the plain one beside one with points, and answers each run by its own', async () => {
    const { seats, made } = room(true);
    const plain = await seats.take([]);
    const instrumented = await seats.take([mask(0)]);
    expect(await seats.take([])).toBe(plain);
    expect(await seats.take([mask(0)])).toBe(instrumented);
    expect(made).toHaveLength(2);
    expect(seats.holdsTwo).toBe(true);
  });

  it('builds a stage’s points in at once, and nothing between its runs', async () => {
    const { seats, made } = room(true);
    await seats.take([]);
    await seats.reserve([mask(0), mask(1), mask(2)]);
    for (const layer of [2, 0, 1, 2]) await seats.take([mask(layer)]);
    await seats.reserve([mask(1)]);
    expect(made).toHaveLength(2);
  });

  it('adds a point to those it had, and lets a stage begin without them', async () => {
    const { seats, held } = room(true);
    await seats.take([mask(0)]);
    expect((await seats.take([mask(1), mask(1)])).points).toEqual([mask(0), mask(1)]);
    await seats.reserve([mask(5)]);
    expect(held().map(({ points }) => points)).toEqual([[mask(5)]]);
  });

  it('closes the one a large run does not need', async () => {
    const { seats, held } = room(true);
    await seats.take([]);
    await seats.take([mask(0)]);
    await seats.spare([mask(0)]);
    expect(held().map(({ points }) => points)).toEqual([[mask(0)]]);
  });

  it('does with one from then on when the second runs out of memory', async () => {
    const { seats, held } = room(true, [2]);
    await seats.take([]);
    const instrumented = await seats.take([mask(0)]);
    expect(await seats.take([])).toBe(instrumented);
    expect(held()).toEqual([instrumented]);
  });
});

describe('with memory for one session', () => {
  it('never holds two, and answers plain runs by the one with points', async () => {
    const { seats, held } = room(false);
    await seats.take([]);
    const instrumented = await seats.take([mask(0)]);
    expect(await seats.take([])).toBe(instrumented);
    expect(held()).toEqual([instrumented]);
    await seats.release();
    expect((await seats.take([])).points).toEqual([]);
    expect(held()).toHaveLength(1);
  });

  it('says so when there is not even memory for that', async () => {
    const { seats, held } = room(false, [2]);
    await seats.take([]);
    await expect(seats.take([mask(0)])).rejects.toMatchObject({ code: 'out-of-memory' });
    expect(held()).toEqual([]);
    expect((await seats.take([])).points).toEqual([]);
  });
});
