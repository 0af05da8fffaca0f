import type { GeneratedToken } from '../../../core/writing';
import { visible } from '../../../views/format';
import type { TableData } from '../../../views/table';
import type { Words } from '../../../views/words';

const DIGITS = 4;

export function continuationTable(tokens: readonly GeneratedToken[], words: Words): TableData {
  return {
    caption: words('continuation.name'),
    fromOne: [0],
    columns: [words('lens.table.position'), words('continuation.table.token'), words('continuation.table.p')],
    rows: tokens.map((step, index) => [
      index + 1,
      visible(step.token.text),
      Number(step.probability.toPrecision(DIGITS)),
    ]),
  };
}

/** What else was considered, a row for each: tokens hold commas themselves, and numbers are worth their digits. */
export function alternativesTable(tokens: readonly GeneratedToken[], words: Words): TableData {
  return {
    caption: words('continuation.table.alternatives'),
    fromOne: [0],
    columns: [
      words('lens.table.position'),
      words('continuation.table.place'),
      words('continuation.table.token'),
      words('continuation.table.p'),
    ],
    rows: tokens.flatMap(({ alternatives }, index) =>
      alternatives.map(({ token, probability }, nth) => [
        index + 1,
        nth + 1,
        visible(token.text),
        Number(probability.toPrecision(DIGITS)),
      ]),
    ),
  };
}
