/** An estimate of memory, as coarse as it is: tens of megabytes, tenths of a gigabyte. */
export function memory(bytes: number): string {
  return bytes < 995e6 ? `${Math.round(bytes / 1e7) * 10}\u00a0MB` : `${(bytes / 1e9).toFixed(1)}\u00a0GB`;
}
