import { bits, percent, visible } from '../../../views/format';
import type { FigureDocument } from '../../../views/figure-entry';
import { framed } from '../../../views/scenes/frame';
import type { ExpectednessResult } from '../meta';
import { chipsOf } from './chips';
import { chipsScene } from './scene';
import type { ExpectednessSettings } from './settings';

const DIGITS = 4;
const rounded = (value: number): number => Number(value.toPrecision(DIGITS));

export const document: FigureDocument<ExpectednessSettings, ExpectednessResult> = {
  sentence({ shown: { result, tokens }, settings }, words) {
    if (result.bits.length === 0) return words('expectedness.sentence.one');
    const most = result.bits.reduce((top, value, at) => (value > result.bits[top]! ? at : top), 0);
    const surprise = result.bits[most]!;
    return words(`expectedness.sentence.${settings.unit}`, {
      token: visible(tokens[most + 1]!.text),
      bits: bits(surprise),
      p: percent(2 ** -surprise),
      total: bits(result.bits.reduce((sum, value) => sum + value, 0)),
    });
  },
  tables: ({ shown: { result, labels, tokens } }, words) => [
    {
      table: {
        caption: words('expectedness.name'),
        columns: [
          words('expectedness.table.position'),
          words('expectedness.table.token'),
          words('expectedness.table.bits'),
          words('expectedness.table.p'),
          words('expectedness.table.top'),
          words('expectedness.table.topP'),
        ],
        rows: Array.from(result.bits, (surprise, at) => [
          at + 2,
          visible(tokens[at + 1]!.text),
          rounded(surprise),
          rounded(2 ** -surprise),
          visible(labels[result.topIds[at]!]?.text ?? String(result.topIds[at])),
          rounded(result.topProbs[at]!),
        ]),
      },
    },
  ],
  scene: (input, frame) => framed(frame, chipsScene(chipsOf(input))),
};
