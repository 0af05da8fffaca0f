import type { FigureContext, FigureInput, FigureWork, KeptShown, Shown } from '../../views/figure-entry';
import type { ProbeRun } from '../../state/ProbeRun.svelte';
import type { Page } from '../shell/page.svelte';
import type { PageFigure } from './FiguresDesk.svelte';

/** An answer with what it belongs to, or what there is of one; undefined before there is anything. */
export function shownOf({ entry }: PageFigure, run: ProbeRun<unknown, unknown>): Shown<unknown> | undefined {
  const { latest, soFar } = run;
  if (soFar && soFar.ended !== 'done' && entry.fromParts) {
    const result = entry.fromParts(soFar.parts as readonly never[]);
    return { result, labels: soFar.labels, prepared: undefined, fact: soFar.fact, tokens: [] };
  }
  if (!latest) return undefined;
  const { result, labels, prepared } = latest.response;
  return { result, labels, prepared, fact: prepared?.fact ?? latest.fact, tokens: prepared?.tokens ?? [] };
}

/** A model's name with its precision and, where it has one, the revision: what tells two of one repository apart. */
function modelName(name: string, id: string): string {
  const { revision = '', dtype = '' } = /^hub:[^@]+@(?<revision>.+):(?<dtype>[^:]+)$/.exec(id)?.groups ?? {};
  const short = /^[0-9a-f]{40}$/.test(revision) ? revision.slice(0, 7) : revision;
  return [name, name.endsWith(dtype) ? '' : dtype, short].filter((part) => part !== '').join(', ');
}

/**
 * Answers kept for comparison, each with a colour and a name that tells it from the others.
 * @param modelId The model on the page; another one is named.
 */
export function keptShown({ desk }: PageFigure, modelId: string, colours: readonly string[]): KeptShown<unknown>[] {
  return desk.kept.answers.map(({ key, fact, modelId: of, model, response }, index) => {
    const answer = response.prepared?.answers[0]?.text ?? fact.answers[0] ?? '';
    const name = `${fact.prompt} … ${answer}`;
    return {
      key,
      name: of === modelId ? name : `${name} (${modelName(model, of)})`,
      colour: colours[index % colours.length]!,
      result: response.result,
    };
  });
}

/** What tables, sentences and pictures of a figure are made of; undefined before it has an answer. */
export function figureInput(
  page: Page,
  figure: PageFigure,
  context: FigureContext,
  colours: readonly string[],
): FigureInput<unknown, unknown> | undefined {
  const shown = shownOf(figure, page.fact.figures.shown(figure.desk));
  return (
    shown && {
      shown,
      settings: figure.desk.settings,
      kept: keptShown(figure, page.model.choice.id, colours),
      context,
    }
  );
}

/** The run of a figure as its view sees it, with what a person may do to it. */
export function workOf(page: Page, figure: PageFigure): FigureWork<unknown, unknown> {
  const run = figure.desk.run(figure.desk.plan.slots[0]);
  return {
    get working() {
      return run.working;
    },
    get progress() {
      return run.progress;
    },
    get error() {
      return run.error;
    },
    get soFar() {
      return run.soFar;
    },
    get partsAreOld() {
      return run.partsAreOld;
    },
    get canGoOn() {
      return run.canGoOn;
    },
    get latest() {
      return run.latest;
    },
    start: () => page.fact.figures.start(figure, page.fact.workbench.fields),
    stop: () => run.cancel(),
    goOn: () => void run.goOn(),
  };
}
