import type { Component } from 'svelte';
import type { HeadId } from '../../core/place';
import type { FigureContext, HeadNotes } from '../../views/figure-entry';
import type { LayerRow } from '../../views/layer-grid';
import { reveal } from '../../views/reveal';
import type { Words } from '../../views/words';
import type { Page } from '../shell/page.svelte';
import HeadDetail from './HeadDetail.svelte';

export interface ContextSource {
  readonly page: Page;
  readonly words: Words;
  readonly rows: readonly LayerRow[] | undefined;
  readonly rowHeight: number;
  readonly alone: boolean;
}

/** What figures tell of single heads, put together. */
export function headNotes(page: Page, words: Words, detail?: Component<{ readonly id: HeadId }>): HeadNotes {
  const known = () =>
    page.fact.figures.all.flatMap(({ entry: { heads }, desk }) => {
      // Of the others nothing is read: what is told of heads need not be told anew when they change.
      const result = heads && desk.runs[0]!.result;
      return heads && result !== undefined ? [{ heads, result }] : [];
    });
  return {
    does(id) {
      for (const { heads, result } of known()) {
        const does = heads.does(result, id, words);
        if (does !== undefined) return does;
      }
      return undefined;
    },
    line: (id) =>
      known()
        .map(({ heads, result }) => heads.line(result, id, words))
        .filter((line) => line !== '')
        .join(' · '),
    detail,
  };
}

/**
 * {@link FigureContext} of the page, read anew wherever it is used.
 * @param source Read entry by entry: a cell that asks for the theme alone is not drawn anew when the rows change.
 */
export function createContext(source: ContextSource): FigureContext {
  const page = (): Page => source.page;
  return {
    get info() {
      return page().model.session.info!;
    },
    get theme() {
      return page().settings.resolvedTheme;
    },
    get rowHeight() {
      return source.rowHeight;
    },
    get rows() {
      return source.rows;
    },
    get selection() {
      return page().selection;
    },
    get heads() {
      return headNotes(page(), source.words, HeadDetail);
    },
    get alone() {
      return source.alone;
    },
    get prompt() {
      return page().fact.workbench.fields.prompt;
    },
    setColumn(position) {
      void page().fact.setColumn(position);
      // The figures that follow a column may stand elsewhere.
      const [follows] = page().fact.figures.all.filter(({ desk }) => desk.plan.shows);
      if (follows) reveal(document.querySelector(`[data-figure="${follows.id}"]`));
    },
    help: (topic) => (page().dialog = `help-${topic}`),
    compareWith: (foil) => page().fact.type({ foil }),
    askText(prompt) {
      void page().fact.probe({ prompt, answer: '', foil: '' });
      // It is answered further up.
      reveal(document.querySelector('#verdict'));
    },
  };
}
