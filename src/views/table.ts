/** A figure's numbers in plain rows; the first column names the row. Text as shown, numbers unrounded in `values`. */
export interface TableData {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
  /** Columns of layers or heads, which count from 1 on the page and from 0 in files, as everywhere in the field. */
  readonly fromOne?: readonly number[];
}
