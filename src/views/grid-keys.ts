/** Keyboard movement in a grid (WAI-ARIA grid pattern). Rows and columns count from 0 in screen order. */
export interface GridCell {
  readonly row: number;
  readonly column: number;
}

const PAGE = 5;

/**
 * The cell a key leads to, kept inside the grid; undefined when the key moves nothing.
 * @param rows number of rows. @param columns number of columns.
 */
export function moveInGrid(
  key: string,
  whole: boolean,
  { row, column }: GridCell,
  rows: number,
  columns: number,
): GridCell | undefined {
  const clamp = (value: number, count: number): number => Math.max(0, Math.min(count - 1, value));
  const at = (nextRow: number, nextColumn: number): GridCell => ({
    row: clamp(nextRow, rows),
    column: clamp(nextColumn, columns),
  });
  switch (key) {
    case 'ArrowUp':
      return at(row - 1, column);
    case 'ArrowDown':
      return at(row + 1, column);
    case 'ArrowLeft':
      return at(row, column - 1);
    case 'ArrowRight':
      return at(row, column + 1);
    case 'PageUp':
      return at(row - PAGE, column);
    case 'PageDown':
      return at(row + PAGE, column);
    case 'Home':
      return at(whole ? 0 : row, 0);
    case 'End':
      return at(whole ? rows - 1 : row, columns - 1);
    default:
      return undefined;
  }
}

/** The same in a square of which only the lower triangle is there: a row ends at the diagonal. */
export function moveInTriangle(key: string, whole: boolean, from: GridCell, count: number): GridCell | undefined {
  const to = moveInGrid(key, whole, from, count, count);
  return to && { row: to.row, column: Math.min(to.column, to.row) };
}
