import type { GeneratedToken } from '../../../core/writing';
import { percent, visible } from '../../../views/format';
import type { TableData } from '../../../views/table';
import type { Words } from '../../../views/words';

const DIGITS = 4;

export function continuationTable(tokens: readonly GeneratedToken[], words: Words): TableData {
  return {
    caption: words('continuation.name'),
    columns: [
      words('lens.table.position'),
      words('continuation.table.token'),
      words('continuation.table.p'),
      words('continuation.table.alternatives'),
    ],
    rows: tokens.map((step, index) => [
      index + 1,
      visible(step.token.text),
      Number(step.probability.toPrecision(DIGITS)),
      step.alternatives.map(({ token, probability }) => `${visible(token.text)} ${percent(probability)}`).join(', '),
    ]),
  };
}
