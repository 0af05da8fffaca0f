import { cpus, totalmem } from 'node:os';

/** One measured number, with the limit it is held to where there is one. */
export interface Row {
  readonly what: string;
  readonly value: string;
  readonly limit?: string;
  /** Whether the limit was kept. */
  readonly ok?: boolean;
}

export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}

/** The machine in words: what a reader needs to judge the numbers. */
export function machine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  return `${processors.length} × ${model}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}, Node ${process.version}`;
}

export function markdown(sections: readonly Section[], date: Date): string {
  const parts = sections.map(({ title, rows }) => {
    const lines = rows.map(({ what, value, limit, ok }) => {
      const verdict = ok === undefined ? '' : ok ? 'kept' : 'missed';
      return `| ${what} | ${value} | ${limit ?? ''} | ${verdict} |`;
    });
    return [`## ${title}`, '', '| | measured | limit | |', '|---|---|---|---|', ...lines].join('\n');
  });
  const head = `# Measurements\n\n\`npm run bench\`, ${date.toISOString().slice(0, 10)}. ${machine()}.`;
  return `${[head, ...parts].join('\n\n')}\n`;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] ?? Number.NaN;
}

/** A number of milliseconds held to a limit. */
export function milliseconds(what: string, value: number, limit?: number): Row {
  const row = { what, value: `${value < 10 ? value.toFixed(1) : Math.round(value)} ms` };
  return limit === undefined ? row : { ...row, limit: `≤ ${limit} ms`, ok: value <= limit };
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
