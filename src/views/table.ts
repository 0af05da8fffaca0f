/** A figure's numbers in plain rows; the first column names the row. Text as shown, numbers unrounded in `values`. */
export interface TableData {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}
