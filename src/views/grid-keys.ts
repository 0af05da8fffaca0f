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

/** A cell kept inside such a triangle; the last row's first cell while there is none. */
export function cellInTriangle(cell: GridCell | undefined, count: number): GridCell {
  return {
    row: Math.min(cell?.row ?? count - 1, count - 1),
    column: Math.min(cell?.column ?? 0, cell?.row ?? count - 1, count - 1),
  };
}

/**
 * What a key does in a grid, taken from the browser when it does something: it chooses the cell it is on, or leads to
 * another.
 * @param move {@link moveInGrid} or {@link moveInTriangle} from the cell it is on.
 */
export function takeGridKey(
  event: KeyboardEvent,
  move: (key: string, whole: boolean) => GridCell | undefined,
): GridCell | 'choose' | undefined {
  const does = event.key === 'Enter' || event.key === ' ' ? 'choose' : move(event.key, event.ctrlKey || event.metaKey);
  if (does) event.preventDefault();
  return does;
}
