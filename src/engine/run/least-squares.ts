import { dot } from '../../core/numerics';

/** A direction with less than this part of its length left is made of the ones before it. */
const DEPENDENT = 1e-9;

/** Largest part of `values` that no sum of multiples of the basis gives: of the best such sum, by least squares. */
export function leastResidual(basis: readonly (readonly number[])[], values: readonly number[]): number {
  const directions: number[][] = [];
  const without = (vector: readonly number[]): number[] =>
    directions.reduce<number[]>(
      (rest, direction) => {
        const along = dot(rest, direction);
        return rest.map((value, index) => value - along * direction[index]!);
      },
      [...vector],
    );
  for (const vector of basis) {
    const length = Math.sqrt(dot(vector, vector));
    // Twice, since rounding leaves a little of the directions taken out first.
    const rest = without(without(vector));
    const left = Math.sqrt(dot(rest, rest));
    if (left > DEPENDENT * length) directions.push(rest.map((value) => value / left));
  }
  return Math.max(0, ...without(without(values)).map(Math.abs));
}
