import type { Dtype } from '../core/model';

/** What this device has, as far as a browser tells. */
export interface Device {
  /** Rounded and capped by the browser; undefined where it does not tell. */
  readonly memoryBytes: number | undefined;
  /** A real graphics device through WebGPU, and whether it computes in half precision. */
  readonly gpu: 'none' | 'single' | 'half';
}

/** A tab's WebAssembly memory ends here. */
const TAB_BYTES = 4 * 2 ** 30;
/** Opening a file of F bytes takes up to 2 F and this much besides. */
const BESIDES = 300e6;
/** Up to here the exact numbers are worth the download. */
const FULL_PRECISION_BYTES = 700e6;

/** About how much memory opening a model takes at most. @param fileBytes Size of its files. */
export function memoryNeeded(fileBytes: number): number {
  return 2 * fileBytes + BESIDES;
}

export type Fit = 'fits' | 'tight' | 'too-large';

/** Whether a model will probably open here. Never a prohibition: what a browser says of memory is coarse. */
export function fit(fileBytes: number, { memoryBytes }: Device): Fit {
  const needed = memoryNeeded(fileBytes);
  if (needed > TAB_BYTES || (memoryBytes !== undefined && needed > memoryBytes)) return 'too-large';
  return memoryBytes !== undefined && needed > memoryBytes / 2 ? 'tight' : 'fits';
}

export interface Sized {
  readonly dtype: Dtype;
  readonly bytes: number;
}

/** Stored precision, best first, for what this device computes quickly. */
function order({ gpu }: Device): readonly Dtype[] {
  return gpu === 'half'
    ? ['fp16', 'q4f16', 'q8', 'int8', 'uint8', 'q4', 'fp32']
    : ['q8', 'int8', 'uint8', 'q4', 'q4f16', 'fp16', 'fp32'];
}

/**
 * The dtype that is sensible here: full precision where it is small enough, since rounding changes what is looked at;
 * else what the device computes well and has room for; else the smallest.
 */
export function sensibleDtype(offered: readonly Sized[], device: Device): Dtype | undefined {
  const fitting = offered.filter(({ bytes }) => fit(bytes, device) === 'fits');
  const full = fitting.find(({ dtype, bytes }) => dtype === 'fp32' && bytes <= FULL_PRECISION_BYTES);
  if (full) return full.dtype;
  const best = order(device).find((dtype) => fitting.some((one) => one.dtype === dtype));
  return best ?? [...offered].sort((a, b) => a.bytes - b.bytes)[0]?.dtype;
}
