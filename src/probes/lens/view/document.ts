import type { FigureDocument } from '../../../views/figure-entry';
import { framed } from '../../../views/scenes/frame';
import { layerGridScene, layerGridSheets } from '../../../views/scenes/layer-grid-scene';
import type { LensSettings } from './settings';
import type { LensResult } from '../meta';
import { lensGrid } from './grid';
import { lensTable } from './table';

export const document: FigureDocument<LensSettings, LensResult> = {
  sentence: ({ settings }, words) => words(`lens.sentence.${settings.shading}`),
  tables: ({ shown }, words) => [{ table: lensTable(shown.result, shown.labels, shown.tokens, words) }],
  scene: (input, frame, words) => framed(frame, layerGridScene(lensGrid(input, words))),
  sheets(input, words) {
    const grid = lensGrid(input, words);
    const parts = layerGridSheets(grid);
    return parts.map(({ from, to, picture }) => ({
      picture,
      ...(parts.length > 1 ? { caption: words('lens.sheet', { from: from + 1, to, count: grid.columns.length }) } : {}),
    }));
  },
};
