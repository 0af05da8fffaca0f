import type { FigureDocument } from '../../../views/figure-entry';
import { percent } from '../../../views/format';
import { depthName } from '../../../views/layer-rows';
import { framed } from '../../../views/scenes/frame';
import { layerChartScene } from '../../../views/scenes/layer-chart-scene';
import type { EmergenceSettings } from './settings';
import type { EmergenceResult } from '../meta';
import { emergenceChart } from './chart';
import { steepestRow } from './curves';
import { emergenceTable } from './table';

export const document: FigureDocument<EmergenceSettings, EmergenceResult> = {
  sentence({ shown }, words) {
    const { p, rowDepth } = shown.result;
    const row = steepestRow(p);
    if (row === undefined) return words('emergence.sentence.flat', { end: percent(Math.max(0.01, ...p)) });
    const step = words('emergence.step', {
      from: depthName(rowDepth[row - 1]!, words),
      to: depthName(rowDepth[row]!, words),
    });
    return words('emergence.sentence.rises', { start: percent(p[0]!), end: percent(p.at(-1)!), step });
  },
  tables: ({ shown }, words) => [{ table: emergenceTable(shown.result, words) }],
  scene: (input, frame, words) => framed(frame, layerChartScene(emergenceChart(input, words))),
  sheets: (input, words) => [{ picture: layerChartScene(emergenceChart(input, words)) }],
};
