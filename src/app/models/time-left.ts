import type { LoadProgress } from '../../core/model-api';
import type { Words } from '../../views/words';

const MINUTES_FROM = 90;
/** Before so much has come the speed is a guess. */
const TELLING_SHARE = 0.01;

/** How long a download will still take, in words; undefined while that cannot be told. */
export function timeLeft(
  { receivedBytes, totalBytes, bytesPerSecond }: Extract<LoadProgress, { stage: 'download' }>,
  words: Words,
): string | undefined {
  if (bytesPerSecond <= 0 || receivedBytes < totalBytes * TELLING_SHARE) return undefined;
  const seconds = Math.max(1, Math.ceil((totalBytes - receivedBytes) / bytesPerSecond));
  return seconds > MINUTES_FROM
    ? words.count('load.leftMinutes', Math.round(seconds / 60))
    : words.count('load.left', seconds);
}
