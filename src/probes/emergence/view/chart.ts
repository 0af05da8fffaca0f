import { shownToken } from '../../../core/fact';
import { visible } from '../../../views/format';
import type { FigureInput } from '../../../views/figure-entry';
import { layerRows } from '../../../views/layer-rows';
import type { LayerChartModel } from '../../../views/scenes/layer-chart-scene';
import type { Words } from '../../../views/words';
import type { EmergenceSettings } from './settings';
import type { EmergenceResult } from '../meta';
import { curvesOf, eventMarks, nullBand, shownMeasure } from './curves';

/** The chart that page and paper draw, and what its two main curves are called. */
export interface EmergenceChart extends LayerChartModel {
  readonly answer: string;
  readonly foil: string;
}

export function emergenceChart(
  { shown, settings, kept, context }: FigureInput<EmergenceSettings, EmergenceResult>,
  words: Words,
): EmergenceChart {
  const { result, labels } = shown;
  const name = (id: number | undefined): string => (id === undefined ? '' : visible(shownToken(labels, id).text));
  const names = { answer: result.answerIds.map(name).join(' | '), foil: name(result.foilId) };
  const measure = shownMeasure(result, settings.measure);
  const others = kept.map(({ key, name: title, colour, result: { rowDepth: depths, p, rank, logitDiff } }) => ({
    key,
    name: title,
    colour,
    depths,
    p,
    rank,
    ...(logitDiff ? { logitDiff } : {}),
  }));
  return {
    ...names,
    measure,
    rows: context.rows ?? layerRows(result.rowDepth, result.rowHooks, [], words),
    curves: curvesOf(result, others, measure, names),
    band: nullBand(result, measure, words('emergence.null', { count: result.null?.used.length ?? 0 })),
    marks: eventMarks(result).map(({ depth, event }) => ({ depth, label: words(`term.${event}`) })),
  };
}
