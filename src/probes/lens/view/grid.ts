import { shownToken } from '../../../core/fact';
import type { LayerCell } from '../../../views/layer-grid';
import { layerRows } from '../../../views/layer-rows';
import type { FigureInput } from '../../../views/figure-entry';
import type { LayerGridModel } from '../../../views/scenes/layer-grid-scene';
import type { Words } from '../../../views/words';
import type { LensSettings } from './settings';
import type { LensResult } from '../meta';
import { largestKl, shaded } from './shading';

/** The lens as the grid that page and paper draw: the output on top. */
export function lensGrid(
  { shown, settings, context }: FigureInput<LensSettings, LensResult>,
  words: Words,
): LayerGridModel {
  const { result, labels, tokens, prepared } = shown;
  const { table, answerIds, foilId, first, stable } = result;
  const marks = [
    { row: first, label: words('row.first') },
    { row: stable, label: words('row.stable') },
  ];
  const klMax = largestKl(result);
  const count = table.rowDepth.length;
  const cell = (row: number, column: number): LayerCell => {
    const at = (count - 1 - row) * table.positions.length + column;
    const id = table.topIds[at * table.k]!;
    return {
      id,
      token: shownToken(labels, id),
      tone: answerIds.includes(id) ? 'answer' : id === foilId ? 'foil' : 'plain',
      ...shaded(result, at, settings.shading, context.info.dims.d_vocab, klMax),
    };
  };
  return {
    rows: layerRows(table.rowDepth, table.rowHooks, marks, words),
    columns: table.positions.map((position) => ({
      position,
      token: tokens[position]!,
      tone: prepared?.subjectPositions.includes(position) ? 'subject' : 'plain',
    })),
    cell,
  };
}
