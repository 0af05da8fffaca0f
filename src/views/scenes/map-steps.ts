/**
 * Steps of the page's scale for the lower triangle of a `[T, T]` map. What is finer than `finest` rows is gathered by
 * its largest value, so that a narrow stripe stays visible.
 */
export function mapSteps(
  map: Float32Array,
  T: number,
  max: number,
  finest: number,
): { size: number; steps: Uint8Array } {
  const size = Math.min(T, finest);
  const steps = new Uint8Array(size * size);
  for (let dest = 0; dest < T; dest++) {
    const row = Math.floor((dest * size) / T);
    for (let src = 0; src <= dest; src++) {
      const at = row * size + Math.floor((src * size) / T);
      const step = Math.round(Math.min(1, Math.max(0, map[dest * T + src]! / max)) * 255);
      steps[at] = Math.max(steps[at]!, step, 1);
    }
  }
  return { size, steps };
}
