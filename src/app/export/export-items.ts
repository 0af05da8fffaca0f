import { headTitle, shownHead, shownVariant, type HeadId } from '../../probes/attention/view/sentences';
import { headMap } from '../../probes/attention/view/reading';
import { headsTable, patternTable } from '../../probes/attention/view/table';
import { emergenceTable } from '../../probes/emergence/view/table';
import { HEAD_KINDS, type HeadsResult } from '../../probes/heads/meta';
import { lensTable } from '../../probes/lens/view/table';
import { SERIES } from '../../views/colour';
import { percent } from '../../views/format';
import type { TableData } from '../../views/table';
import type { Words } from '../../views/words';
import { continuationTable } from '../figures/continuation-table';
import type { Page } from '../shell/page.svelte';
import { attentionScene } from './attention-figure';
import { factLine, sourceLine, type Frame } from './frame';
import { emergenceScene, lensScene } from './layer-figures';
import { continuationScene } from './continuation-figure';
import type { Scene } from './scene';

/** One figure of the page as files: its picture, its table, and the result it was drawn from. */
export interface ExportItem {
  readonly name: string;
  readonly fact: string;
  /** Absent for numbers that another item's picture shows. */
  readonly scene?: () => Scene;
  readonly table: () => TableData;
  readonly result: unknown;
}

/** What a head does on random text, as the page writes it; '' for a head without scores. */
function scoresLine(heads: HeadsResult, { layer, head }: HeadId, words: Words): string {
  const row = heads.layers.indexOf(layer);
  if (row < 0) return '';
  const at = row * heads.n_heads + head;
  const scores = HEAD_KINDS.map((kind) => `${words(`heads.kind.${kind}`)} ${percent(heads[kind][at]!)}`);
  return `${words('heads.title')} ${scores.join(', ')}`;
}

/** Everything on the page that can be taken along right now. */
export function exportItems(page: Page, words: Words): ExportItem[] {
  const { info } = page.session;
  if (!info) return [];
  const source = sourceLine(info, __STRATA_VERSION__);
  const items: ExportItem[] = [];
  const lens = page.lens.latest?.response;
  const tokens = lens?.prepared?.tokens ?? [];
  const fact = factLine(lens?.prepared);
  const frame = (title: string, line = fact): Frame => ({ title, fact: line, source });
  if (lens) {
    items.push({
      name: words('lens.name'),
      fact,
      scene: () =>
        lensScene(lens.result, lens, tokens, page.shading, info.dims.d_vocab, frame(words('lens.title')), words),
      table: () => lensTable(lens.result, lens.labels, tokens, words),
      result: lens,
    });
  }
  const emergence = page.emergence.latest?.response;
  if (emergence) {
    const kept = page.kept.curves.map((curve, index) => ({
      ...curve,
      name: `${curve.prompt} … ${curve.answer}`,
      colour: SERIES.light[index % SERIES.light.length]!,
    }));
    items.push({
      name: words('emergence.name'),
      fact: factLine(emergence.prepared),
      scene: () =>
        emergenceScene(
          emergence.result,
          emergence,
          page.measure,
          kept,
          frame(words('emergence.title'), factLine(emergence.prepared)),
          words,
        ),
      table: () => emergenceTable(emergence.result, words),
      result: emergence,
    });
  }
  const attention = page.attention.latest?.response;
  const heads = page.heads.result;
  if (attention && attention.result.layers.length > 0) {
    const { result } = attention;
    // The lens may have gone on to another text already.
    const attentionFact = factLine(attention.prepared);
    const attentionTokens = attention.prepared?.tokens ?? tokens;
    const does = ({ layer, head }: HeadId): string | undefined => {
      const kind = heads?.labels[heads.layers.indexOf(layer) * heads.n_heads + head]?.kind;
      return kind && kind !== 'none' ? words(`attention.does.${kind}`) : undefined;
    };
    items.push({
      name: words('attention.name'),
      fact: attentionFact,
      scene: () =>
        attentionScene(
          result,
          attentionTokens,
          {
            head: page.selection.head,
            looker: page.selection.looker,
            variant: page.variant,
            drawing: page.drawing,
            does,
            scores: (id) => (heads ? scoresLine(heads, id, words) : ''),
          },
          frame(words('attention.title'), attentionFact),
          words,
        ),
      table: () => headsTable(result, attentionTokens, does, page.variant, words),
      result: { attention, heads },
    });
    const variant = shownVariant(result, page.variant);
    const chosen = shownHead(result, page.selection.head);
    items.push({
      name: `${words('attention.pattern')}, ${headTitle(chosen, variant, words)}`,
      fact: attentionFact,
      table: () => patternTable(result, attentionTokens, chosen, variant, words),
      result: {
        ...chosen,
        variant,
        tokens: attentionTokens,
        pattern: headMap(result, result.layers.indexOf(chosen.layer), chosen.head, variant),
      },
    });
  }
  const { written, text } = page.continuation;
  if (written) {
    const line = `${written.prompt} …`;
    items.push({
      name: words('continuation.name'),
      fact: line,
      scene: () => continuationScene(written.prompt, written.tokens, frame(words('continuation.title'), line)),
      table: () => continuationTable(written.tokens, words),
      result: { ...written, text },
    });
  }
  return items;
}
