import type { ModelInfo } from '../core/model';

/** What a browser says of this device where it says something. */
interface Told {
  readonly deviceMemory?: number;
}

const GIGABYTE = 2 ** 30;
/** Of a device that does not say how much memory it has. */
const USUAL_GIGABYTES = 4;

/**
 * Whether the model that answers may stay while another one is opened, so that it is still there should that fail. They
 * may take half of the device's memory together; opening a file of F bytes takes up to 2 F.
 * @param bytes Of the other model's files.
 */
export function roomForTwo(before: ModelInfo, bytes: number, told: Told = globalThis.navigator as Told): boolean {
  const { memory, provenance } = before;
  const taken = memory ? memory.runtimeBytes + memory.fileBytes : 2 * provenance.bytes;
  return taken + 2 * bytes <= ((told.deviceMemory ?? USUAL_GIGABYTES) * GIGABYTE) / 2;
}
