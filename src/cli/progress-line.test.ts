import type { LoadProgress } from '../core/model-api';
import { ProgressLine } from './progress-line';

const HALF: LoadProgress = {
  stage: 'download',
  file: 'onnx/model.onnx',
  receivedBytes: 250e6,
  totalBytes: 500e6,
  bytesPerSecond: 2e6,
  fromStorage: false,
};
const HALF_IN_WORDS = 'Downloading: 50 % of 500 MB, 2.0 MB/s, about 3 min left';

let written: string[];
let now: number;
beforeEach(() => {
  written = [];
  now = 0;
});

function line(terminal: boolean): ProgressLine {
  return new ProgressLine({ write: (text) => written.push(text), terminal }, () => now);
}

it('is one line of a terminal, written over and taken away', () => {
  const progress = line(true);
  progress.show(HALF);
  progress.clear();
  progress.clear();
  expect(written).toEqual([`\r\u001b[2K${HALF_IN_WORDS}`, '\r\u001b[2K']);
});

it('is a line now and then where lines stay, and none for what is quick', () => {
  const progress = line(false);
  for (now = 0; now <= 21_000; now += 1000) progress.show(HALF);
  progress.clear();
  expect(written).toEqual([`${HALF_IN_WORDS}\n`, `${HALF_IN_WORDS}\n`]);
});

it('says nothing of files that are there already, nor of speed before it is known', () => {
  const progress = line(true);
  progress.show({ ...HALF, fromStorage: true });
  expect(written).toEqual([]);
  progress.show({ ...HALF, bytesPerSecond: 0 });
  expect(written).toEqual(['\r\u001b[2KDownloading: 50 % of 500 MB']);
});
