import type { RunSpec, Trace } from '../core/run';

/** Bytes of a trace's own arrays. */
function bytesOf({ captures, lens }: Trace): number {
  let bytes = 0;
  for (const tensor of captures.values()) bytes += tensor.data.byteLength;
  if (lens) for (const value of Object.values(lens)) if (ArrayBuffer.isView(value)) bytes += value.byteLength;
  return bytes;
}

const runKey = (spec: RunSpec): string => JSON.stringify([spec.tokens, spec.interventions]);

function covers(trace: Trace, spec: RunSpec): boolean {
  const sameLens = spec.lens === undefined || JSON.stringify(trace.spec.lens) === JSON.stringify(spec.lens);
  return sameLens && spec.captures.every((hook) => trace.captures.has(hook));
}

/**
 * Traces of one model, least recently used first out. A trace answers every spec with the same tokens and
 * interventions whose captures it covers and whose lens, if any, is the same.
 */
export class TraceCache {
  /** In order of use: a Map iterates in order of insertion. */
  readonly #entries = new Map<Trace, { readonly key: string; readonly bytes: number }>();
  #bytes = 0;

  constructor(
    readonly maxBytes = 96 * 2 ** 20,
    readonly maxEntries = 64,
  ) {}

  get(spec: RunSpec): Trace | undefined {
    const key = runKey(spec);
    for (const [trace, entry] of this.#entries) {
      if (entry.key !== key || !covers(trace, spec)) continue;
      this.#entries.delete(trace);
      this.#entries.set(trace, entry);
      return trace;
    }
    return undefined;
  }

  put(trace: Trace): void {
    const bytes = bytesOf(trace);
    if (bytes > this.maxBytes) return;
    this.#entries.set(trace, { key: runKey(trace.spec), bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.maxBytes && this.#entries.size <= this.maxEntries) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
