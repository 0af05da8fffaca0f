import { backendLabel } from '../../core/backend-label';
import type { ModelInfo } from '../../core/model';
import type { TableData } from '../../views/table';

/** What every exported file states, so that its numbers can be found again. */
export interface ExportProvenance {
  readonly app: string;
  readonly model: string;
  readonly family: string;
  readonly dtype: string;
  readonly backend: string;
  readonly source: string;
  readonly revision?: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly sha256: Readonly<Record<string, string>>;
  readonly exported: string;
}

export function provenanceOf(info: ModelInfo, appVersion: string, now: Date): ExportProvenance {
  const { provenance } = info;
  return {
    app: `Strata ${appVersion}`,
    model: info.name,
    family: info.family,
    dtype: info.dtype,
    backend: backendLabel(info),
    source: `${provenance.source}:${provenance.id}`,
    ...(provenance.revision === undefined ? {} : { revision: provenance.revision }),
    versions: info.versions,
    sha256: provenance.sha256,
    exported: now.toISOString(),
  };
}

/** A spreadsheet would take it for a formula; or it looks like what is written in its place. */
const AS_JSON = /^\s*[=+\-@＝＋－＠]|^[\t\r\n"]/;
const HOW_TEXT =
  'UTF-8; a text that begins with " is a JSON string ("=" stands for =), so that no spreadsheet takes a token for a formula; in tokens · is a space, ⏎ a line break; layers, heads and positions given as numbers count from 0, named ones (Layer 8) are named as on the page, from 1';

/** One cell of a CSV file (RFC 4180), every text exact: {@link AS_JSON} is written as a JSON string. */
function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = AS_JSON.test(value) ? JSON.stringify(value) : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Without it spreadsheets take UTF-8 for another encoding. */
const BYTE_ORDER_MARK = '\ufeff';

type About = readonly (readonly [name: string, value: string])[];

/** A table as CSV; lines that begin with `#` state where it comes from. */
export function toCsv(table: TableData, provenance: ExportProvenance, fact: string): string {
  return csvFile([['table', table.caption], ['fact', fact], ...aboutModel(provenance)], table);
}

/** Where numbers come from, in the order in which a file states it. */
export function aboutModel(provenance: ExportProvenance): About {
  return [
    ['app', provenance.app],
    ['model', `${provenance.model} (${provenance.family}, ${provenance.dtype}), ${provenance.source}`],
    ['backend', provenance.backend],
    ['versions', JSON.stringify(provenance.versions)],
    ['sha256', JSON.stringify(provenance.sha256)],
    ['exported', provenance.exported],
  ];
}

/** A byte-order mark, lines that begin with `#`, the first of which says how to read texts and numbers, then the table. */
export function csvFile(about: About, table: TableData): string {
  const fromOne = new Set(table.fromOne);
  const counted = (value: string | number, column: number): string | number =>
    typeof value === 'number' && fromOne.has(column) ? value - 1 : value;
  const body = table.rows.map((row) => row.map(counted));
  const head = [['text', HOW_TEXT] as const, ...about].map(
    ([name, value]) => `# ${name}: ${value.replace(/[\r\n]+/g, ' ')}`,
  );
  const rows = [table.columns, ...body].map((row) => row.map(csvCell).join(','));
  return BYTE_ORDER_MARK + [...head, ...rows].join('\r\n') + '\r\n';
}

/** Results as JSON: typed arrays as lists, what JSON has no number for (NaN, infinities) as its name. */
export function toJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, item: unknown) => {
      if (ArrayBuffer.isView(item)) return Array.from(item as unknown as ArrayLike<number>);
      if (typeof item === 'number' && !Number.isFinite(item)) return String(item);
      return item instanceof Map ? Object.fromEntries(item) : item;
    }) + '\n'
  );
}

/** A file name from what is in it: letters, digits and dashes. */
export function fileName(parts: readonly string[], ending: string): string {
  const stem = parts
    .join('-')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return `${stem.slice(0, 80) || 'strata'}.${ending}`;
}

/** Hands a file to the browser's downloads. */
export function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
