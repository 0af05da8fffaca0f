import type { Trace } from '../core/run';

/**
 * Buffers in a result that may be moved to the page instead of copied: whole typed arrays that nothing here keeps.
 * @param kept buffers that stay in use (cached traces).
 */
export function transferable(value: unknown, kept: ReadonlySet<ArrayBufferLike>): ArrayBuffer[] {
  const found = new Set<ArrayBuffer>();
  const visit = (part: unknown): void => {
    if (ArrayBuffer.isView(part)) {
      const whole = part.byteLength === part.buffer.byteLength;
      if (whole && part.buffer instanceof ArrayBuffer && !kept.has(part.buffer)) found.add(part.buffer);
    } else if (part instanceof Map) {
      for (const item of part.values()) visit(item);
    } else if (Array.isArray(part)) {
      // A list of numbers or strings holds no buffers; long ones need not be walked.
      if (typeof part[0] === 'object') part.forEach(visit);
    } else if (typeof part === 'object' && part !== null) {
      Object.values(part).forEach(visit);
    }
  };
  visit(value);
  return [...found];
}

/** Buffers of traces: what shares them must be copied, not moved, to another thread. */
export function buffersOf(traces: Iterable<Trace>): ReadonlySet<ArrayBufferLike> {
  const buffers = new Set<ArrayBufferLike>();
  for (const { captures, lens } of traces) {
    for (const { data } of captures.values()) buffers.add(data.buffer);
    if (lens) for (const value of Object.values(lens)) if (ArrayBuffer.isView(value)) buffers.add(value.buffer);
  }
  return buffers;
}
