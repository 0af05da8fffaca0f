import type { WordKey, Words } from '../../views/words';
import { SERIES } from '../../views/colour';
import { factLine, sourceLine } from '../../views/scenes/frame';
import type { Scene } from '../../views/scenes/scene';
import type { TableData } from '../../views/table';
import { createContext } from '../figures/context.svelte';
import { figureInput } from '../figures/figure-input';
import type { PageFigure } from '../figures/FiguresDesk.svelte';
import type { Page } from '../shell/page.svelte';

/** One figure of the page as files: its picture, its table, and the result it was drawn from. */
export interface ExportItem {
  readonly name: string;
  readonly fact: string;
  /** Absent for numbers that another item's picture shows. */
  readonly scene?: () => Scene;
  readonly table: () => TableData;
  readonly result: unknown;
}

/** Everything on the page that can be taken along right now, figure by figure. */
export async function exportItems(page: Page, words: Words): Promise<ExportItem[]> {
  if (!page.model.session.info) return [];
  const items = await Promise.all(page.fact.figures.all.map((figure) => figureItems(page, figure, words)));
  return items.flat();
}

async function figureItems(page: Page, figure: PageFigure, words: Words): Promise<ExportItem[]> {
  const context = createContext({ page, words, rows: undefined, rowHeight: 0, alone: true });
  // Exported pictures stand on paper.
  const input = figureInput(page, figure, context, SERIES.light);
  if (!input || !(figure.entry.hasPicture?.(input.shown.result) ?? true)) return [];
  const { document } = await figure.entry.document();
  const called = words(`${figure.id}.name` as WordKey);
  const fact = factLine(input.shown.fact);
  const frame = {
    title: words(`${figure.id}.title` as WordKey),
    fact,
    source: sourceLine(context.info, __STRATA_VERSION__),
  };
  const { scene } = document;
  return document.tables(input, words).map(({ name, table, result }, index) => ({
    name: name ?? called,
    fact,
    ...(index === 0 && scene ? { scene: () => scene(input, frame, words) } : {}),
    table: () => table,
    result: result ?? input.shown,
  }));
}
