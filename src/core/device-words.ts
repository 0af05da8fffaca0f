// Apart from the words for memory, which the page needs too.

/** What browsers and drivers say when the graphics device is gone: it hung, was reset, or its process ended. */
const DEVICE_LOST = new RegExp(
  [
    'device (is |was )?lost|device.*(destroyed|removed|hung)|lost device|DEVICE_(LOST|HUNG|REMOVED|RESET)',
    'DRIVER_INTERNAL_ERROR|external Instance reference no longer exists|Instance (was )?dropped',
    'GPU (process|connection) (was )?(lost|crashed|terminated|gone)|MTLCommandBuffer.*(error|failed)|command buffer.*(timeout|hang)',
  ].join('|'),
  'i',
);

/** Whether words that are not ours mean that the graphics device is gone. */
export function saysDeviceLost(words: string): boolean {
  return DEVICE_LOST.test(words);
}
