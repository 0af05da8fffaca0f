/** Natural-log sum of exponentials of a row, computed against its maximum. */
export function logSumExp(logits: ArrayLike<number>): number {
  let max = -Infinity;
  for (let i = 0; i < logits.length; i++) if (logits[i]! > max) max = logits[i]!;
  if (!Number.isFinite(max)) return max;
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i]! - max);
  return max + Math.log(sum);
}

/** Softmax of a row, in double precision. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const normaliser = logSumExp(logits);
  return Float64Array.from(logits, (logit) => Math.exp(logit - normaliser));
}

/** Entropy of a probability row in bits; 0·log 0 is 0. */
export function entropyBits(probabilities: ArrayLike<number>): number {
  let bits = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i]!;
    if (p > 0) bits -= p * Math.log2(p);
  }
  return bits;
}

/** D_KL(p ‖ q) in bits; Infinity where q is 0 and p is not. */
export function klBits(p: ArrayLike<number>, q: ArrayLike<number>): number {
  let bits = 0;
  for (let i = 0; i < p.length; i++) {
    if (p[i]! > 0) bits += p[i]! * Math.log2(p[i]! / q[i]!);
  }
  return bits;
}

/** Indices of the k largest values, largest first; ties go to the lower index. */
export function topK(values: ArrayLike<number>, k: number): number[] {
  const best: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (best.length === k && value <= values[best[k - 1]!]!) continue;
    let at = best.length;
    while (at > 0 && value > values[best[at - 1]!]!) at--;
    best.splice(at, 0, i);
    if (best.length > k) best.pop();
  }
  return best;
}

/** Rank of an index by value: 1 + the number of strictly larger values. */
export function rankOf(values: ArrayLike<number>, index: number): number {
  const reference = values[index]!;
  let rank = 1;
  for (let i = 0; i < values.length; i++) if (values[i]! > reference) rank++;
  return rank;
}

/** Sum of the products, term by term. @param b At least as long as `a`. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[index]!;
  return sum;
}
