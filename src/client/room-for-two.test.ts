import { smallInfo } from '../../tests/fixtures/probe-input.ts';
import { roomForTwo } from './room-for-two';

const GB = 2 ** 30;
const info = (taken: number) => ({ ...smallInfo(), memory: { runtimeBytes: taken, fileBytes: 0 } });

it.each([
  [0.2 * GB, 0.1 * GB, 8, true],
  [1 * GB, 1.4 * GB, 8, true],
  [1 * GB, 1.6 * GB, 8, false],
  [0.2 * GB, 0.5 * GB, 2, false],
  [0.2 * GB, 0.5 * GB, undefined, true],
  [1 * GB, 0.6 * GB, undefined, false],
])('%d bytes in use and a file of %d bytes on %s GB', (taken, bytes, deviceMemory, room) => {
  expect(roomForTwo(info(taken), bytes, deviceMemory === undefined ? {} : { deviceMemory })).toBe(room);
});
