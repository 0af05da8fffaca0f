import { shownToken } from '../../../core/fact';
import { bits, percent, visible } from '../../../views/format';
import type { FigureDocument } from '../../../views/figure-entry';
import type { ExpectedResult } from '../meta';
import type { ExpectedSettings } from './settings';

const DIGITS = 4;

export const document: FigureDocument<ExpectedSettings, ExpectedResult> = {
  sentence({ shown: { result, tokens } }, words) {
    const known = [...result.p.keys()].slice(1);
    if (known.length === 0) return words('expected.sentence.none');
    const least = known.reduce((worst, position) => (result.p[position]! < result.p[worst]! ? position : worst));
    const mean = known.reduce((sum, position) => sum + result.surprisalBits[position]!, 0) / known.length;
    return words('expected.sentence', {
      token: visible(tokens[least]?.text ?? ''),
      p: percent(result.p[least]!),
      mean: bits(mean),
    });
  },
  tables: ({ shown: { result, labels, tokens } }, words) => [
    {
      table: {
        caption: words('expected.name'),
        columns: [
          words('lens.table.position'),
          words('lens.table.token'),
          words('expected.table.p'),
          words('expected.table.rank'),
          words('expected.table.surprisal'),
          words('expected.table.instead'),
        ],
        rows: tokens.map((token, position) =>
          position === 0
            ? [position, visible(token.text), '–', '–', '–', '–']
            : [
                position,
                visible(token.text),
                Number(result.p[position]!.toPrecision(DIGITS)),
                result.rank[position]!,
                Number(result.surprisalBits[position]!.toPrecision(DIGITS)),
                visible(shownToken(labels, result.topIds[position]!).text),
              ],
        ),
      },
    },
  ],
};
