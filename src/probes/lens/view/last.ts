import { shownToken, type Labels, type Token } from '../../../core/fact';
import type { LensResult } from '../meta';

/** A token and how probable it is next. */
export interface NextToken {
  readonly id: number;
  readonly token: Pick<Token, 'text' | 'special'>;
  readonly probability: number;
  readonly tone: 'plain' | 'answer' | 'foil';
}

/** The most probable next tokens where the answer comes, by the model's own output, best first. */
export function lastDistribution(
  { table, answerColumn, answerIds, foilId }: LensResult,
  labels: Labels,
): readonly NextToken[] {
  const cell = (table.rowDepth.length - 1) * table.positions.length + answerColumn;
  return Array.from({ length: table.k }, (_, nth) => {
    const id = table.topIds[cell * table.k + nth]!;
    return {
      id,
      token: shownToken(labels, id),
      probability: table.topProbs[cell * table.k + nth]!,
      tone: answerIds.includes(id) ? 'answer' : id === foilId ? 'foil' : 'plain',
    };
  });
}
