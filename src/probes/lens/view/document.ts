import type { FigureDocument } from '../../../views/figure-entry';
import { framed } from '../../../views/scenes/frame';
import { layerGridScene } from '../../../views/scenes/layer-grid-scene';
import type { LensSettings } from '../figure';
import type { LensResult } from '../meta';
import { lensGrid } from './grid';
import { lensTable } from './table';

export const document: FigureDocument<LensSettings, LensResult> = {
  sentence: ({ settings }, words) => words(`lens.sentence.${settings.shading}`),
  tables: ({ shown }, words) => [{ table: lensTable(shown.result, shown.labels, shown.tokens, words) }],
  scene: (input, frame, words) => framed(frame, layerGridScene(lensGrid(input, words))),
};
