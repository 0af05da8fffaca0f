import { SERIES } from '../../views/colour';
import type { FigureDocument } from '../../views/figure-entry';
import { HEAD, MARGIN } from '../../views/scenes/frame';
import { pictureToSvg } from '../../views/scenes/scene';
import type { WordKey, Words } from '../../views/words';
import { createContext } from '../figures/context.svelte';
import { figureInput } from '../figures/figure-input';
import type { Page } from '../shell/page.svelte';

/** One figure on paper. */
export interface PaperFigure {
  readonly id: string;
  readonly title: string;
  readonly sentence: string;
  /** Pictures as addresses of vector images, each with what piece of the figure it is. */
  readonly pieces: readonly { readonly url: string; readonly width: number; readonly caption: string | undefined }[];
}

/** What makes figures into documents, by figure; they are fetched before anything is printed. */
export type Documents = ReadonlyMap<string, FigureDocument<unknown, unknown>>;

export async function fetchDocuments(page: Page): Promise<Documents> {
  const all = page.fact.figures.all.map(async ({ id, entry }) => [id, (await entry.document()).document] as const);
  return new Map(await Promise.all(all));
}

/** The figures of the page that have a picture right now, cut to the width of a sheet. */
export function paperFigures(page: Page, documents: Documents, words: Words): PaperFigure[] {
  if (!page.model.session.info) return [];
  const context = createContext({ page, words, rows: undefined, rowHeight: 0, alone: true });
  return page.fact.figures.all.flatMap((figure): PaperFigure[] => {
    const input = figureInput(page, figure, context, SERIES.light);
    const document = documents.get(figure.id);
    if (!input || !document?.sheets || !(figure.entry.hasPicture?.(input.shown.result) ?? true)) return [];
    // A picture of an earlier text would stand under the wrong question.
    if (input.shown.fact && input.shown.fact.prompt !== page.fact.workbench.fact.prompt) return [];
    return [
      {
        id: figure.id,
        title: words(`${figure.id}.title` as WordKey),
        sentence: document.sentence(input, words),
        pieces: document.sheets(input, words).map(({ picture, caption }) => ({
          url: `data:image/svg+xml,${encodeURIComponent(pictureToSvg(picture, { x: MARGIN, y: HEAD }))}`,
          width: picture.width,
          caption,
        })),
      },
    ];
  });
}
