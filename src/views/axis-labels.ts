/**
 * Which positions of an axis have room for a label, in order: every n-th, counted from the last one, since what is
 * asked stands at the end.
 * @param count positions. @param length of the axis, and @param least distance of two labels, in the same unit.
 */
export function labelledPositions(count: number, length: number, least: number): number[] {
  if (count === 0 || length <= 0) return [];
  const every = Math.max(1, Math.ceil((least * count) / length));
  const labelled: number[] = [];
  for (let position = count - 1; position >= 0; position -= every) labelled.unshift(position);
  return labelled;
}
