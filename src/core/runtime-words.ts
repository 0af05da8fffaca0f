/** What the runtime, the browser's WebAssembly and graphics drivers say when there is no memory left. */
const NO_MEMORY = new RegExp(
  [
    'out[ _-]?of[ _-]?(host|device)?[ _-]?memory|\\bOOM\\b|not enough memory',
    'bad_alloc|alloc(ation)? (has )?failed|failed to allocate|could not (be )?allocate|cannot (allocate|enlarge) memory',
    'Array buffer allocation|Invalid (typed )?array (buffer )?length|Memory\\.grow|failed to grow|memory access out of bounds',
    'exceeds? the (maximum|max) (buffer|memory) size|E_OUTOFMEMORY',
  ].join('|'),
  'i',
);

/** What browsers and drivers say when the graphics device is gone: it hung, was reset, or its process ended. */
const DEVICE_LOST = new RegExp(
  [
    'device (is |was )?lost|device.*(destroyed|removed|hung)|lost device|DEVICE_(LOST|HUNG|REMOVED|RESET)',
    'DRIVER_INTERNAL_ERROR|external Instance reference no longer exists|Instance (was )?dropped',
    'GPU (process|connection) (was )?(lost|crashed|terminated|gone)|MTLCommandBuffer.*(error|failed)|command buffer.*(timeout|hang)',
  ].join('|'),
  'i',
);

/**
 * Built without exceptions, the runtime throws the address of one in its memory as a bare number. So far up there is
 * little room left: it is that there is no memory.
 */
function isHighAddress(words: string): boolean {
  return /^\d{9,10}$/.test(words.trim()) && Number(words) >= 2 ** 30;
}

/** Whether words that are not ours mean that no memory is left. */
export function saysNoMemory(words: string): boolean {
  return NO_MEMORY.test(words) || isHighAddress(words);
}

/** Whether words that are not ours mean that the graphics device is gone. */
export function saysDeviceLost(words: string): boolean {
  return DEVICE_LOST.test(words);
}
