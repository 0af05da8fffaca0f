import type { Component } from 'svelte';
import type { ErrorRecord } from '../core/errors';
import type { Fact, Labels, PreparedFact, Token } from '../core/fact';
import type { FigurePlan } from '../core/figure';
import type { ModelInfo } from '../core/model';
import type { RunProgress } from '../core/model-api';
import type { HeadId, Place } from '../core/place';
import type { Theme } from './colour';
import type { LayerRow } from './layer-grid';
import type { Frame } from './scenes/frame';
import type { Picture, Scene } from './scenes/scene';
import type { TableData } from './table';
import type { Words } from './words';

/** What is said of single heads, by whichever figure knows something of them. */
export interface HeadNotes {
  /** What a head does, in a word or two; undefined while unknown or nothing in particular. */
  does(id: HeadId): string | undefined;
  /** One line for an exported picture; '' while unknown. */
  line(id: HeadId): string;
  /** More about a head, beside its large map. */
  readonly detail: Component<{ readonly id: HeadId }> | undefined;
}

/** The one selection of the page, with what was chosen in it for good. */
export interface FigureSelection {
  /** Under the pointer or the focus right now. */
  readonly hovered: Place | undefined;
  /** Pinned places, oldest first. */
  readonly pins: readonly Place[];
  hover(place: Place | undefined): void;
  /** Pins the place, or takes it off when it is pinned already. */
  toggle(place: Place): void;
  /** Column of the lens that figures of one column follow; undefined = where the answer comes next. */
  readonly column: number | undefined;
  /** The head shown large. */
  head: HeadId | undefined;
  /** The token whose attention is singled out; undefined = the one before the answer. */
  looker: number | undefined;
}

/** What all figures share. */
export interface FigureContext {
  readonly info: ModelInfo;
  readonly theme: Theme;
  /** Pixels of a row of layers. */
  readonly rowHeight: number;
  /** Rows of the figure that leads the layer axis, so that others stand level with it; absent = a figure's own. */
  readonly rows: readonly LayerRow[] | undefined;
  readonly selection: FigureSelection;
  readonly heads: HeadNotes;
  /** One figure alone, with its values written into it, as for a room. */
  readonly alone: boolean;
  /** The prompt as it is typed now. */
  readonly prompt: string;
  /** Another column for the figures that show one. */
  setColumn(position: number): void;
  /** Opens a page of help. @param topic a probe's id. */
  help(topic: string): void;
  /** Asks this text instead. */
  askText(prompt: string): void;
  /** Draws another token beside the answer. @param foil as it is typed. */
  compareWith(foil: string): void;
}

/** An answer of the probe with what it belongs to. */
export interface Shown<Result> {
  readonly result: Result;
  readonly labels: Labels;
  readonly prepared: PreparedFact | undefined;
  /** What was asked; undefined for probes of the model itself. */
  readonly fact: Fact | undefined;
  /** Tokens of the prompt it belongs to. */
  readonly tokens: readonly Token[];
}

/** An answer kept for comparison. */
export interface KeptShown<Result> {
  readonly key: string;
  readonly name: string;
  readonly colour: string;
  readonly result: Result;
}

/** What tables, sentences and exported pictures are made of. */
export interface FigureInput<Settings, Result> {
  readonly shown: Shown<Result>;
  readonly settings: Settings;
  readonly kept: readonly KeptShown<Result>[];
  readonly context: FigureContext;
}

/** Work that a person began from a figure. */
export interface FigureWork<Part, Result> {
  readonly working: boolean;
  readonly progress: RunProgress | undefined;
  readonly error: ErrorRecord | undefined;
  /** Parts handed over so far, also after it was stopped or failed. */
  readonly soFar:
    | {
        readonly fact: Fact | undefined;
        readonly options: unknown;
        readonly parts: readonly Part[];
        readonly labels: Labels;
        readonly ended: 'no' | 'done' | 'stopped' | 'failed';
      }
    | undefined;
  /** New work is under way, and `soFar` is still of the one before. */
  readonly partsAreOld: boolean;
  readonly canGoOn: boolean;
  readonly latest: { readonly fact: Fact | undefined; readonly response: { readonly result: Result } } | undefined;
  start(): void;
  stop(): void;
  goOn(): void;
}

export interface FigureProps<Settings, Result, Part = unknown> extends FigureInput<Settings, Result> {
  /** Answers an earlier text while a newer answer is on its way. */
  readonly stale: boolean;
  readonly isKept: boolean;
  readonly work: FigureWork<Part, Result>;
  /** What is shown when something went wrong with {@link work}. */
  readonly trouble: Component<{ readonly error: ErrorRecord; readonly onretry: () => void }>;
  change(part: Partial<Settings>): void;
  keep(): void;
  forget(key: string): void;
}

/** Figures that a person starts have no answer until then. */
export interface AskedFigureProps<Settings, Result, Part> extends Omit<FigureProps<Settings, Result, Part>, 'shown'> {
  readonly shown: Shown<Result> | undefined;
}

/** One table of a figure. The first one is that of its picture. */
export interface FigureTable {
  /** Absent for the first, which is called like the figure. */
  readonly name?: string;
  readonly table: TableData;
  /** The numbers behind it, for JSON; absent: the whole result. */
  readonly result?: unknown;
}

/** A figure on paper and by ear: `probes/<id>/view/document.ts` exports one as `document`. */
export interface FigureDocument<Settings, Result> {
  sentence(input: FigureInput<Settings, Result>, words: Words): string;
  tables(input: FigureInput<Settings, Result>, words: Words): readonly FigureTable[];
  /** Absent for figures without a picture of their own. */
  scene?(input: FigureInput<Settings, Result>, frame: Frame, words: Words): Scene;
  /** The same cut into pieces that can be read on a sheet of paper, each about as wide as `scenes/sheet.ts` says. */
  sheets?(input: FigureInput<Settings, Result>, words: Words): readonly Sheet[];
}

/** A piece of a figure on paper. */
export interface Sheet {
  readonly picture: Picture;
  /** Which piece it is; absent for one that is the whole figure. */
  readonly caption?: string;
}

/** What a figure tells of single heads, for the pictures that show them. */
export interface HeadReport<Result> {
  does(result: Result, id: HeadId, words: Words): string | undefined;
  line(result: Result, id: HeadId, words: Words): string;
  readonly view: () => Promise<{ default: Component<HeadDetailProps<Result>> }>;
}

export interface HeadDetailProps<Result> {
  readonly result: Result;
  readonly id: HeadId;
  readonly onhelp: () => void;
}

/** What is said while a figure's probe is at work; undefined = nothing of its own. */
export type ProgressSentence = (progress: RunProgress, beside: boolean, words: Words) => string | undefined;

/**
 * One figure of the page: `probes/<id>/figure.ts` exports one as `figure`. Small, since all of them are read before
 * anything is shown; pictures and words are fetched when they are first needed.
 */
export interface FigureEntry<Settings, Options, Result> extends FigurePlan<Settings, Options, Result> {
  /** `View.svelte`; absent for a figure whose place is `none`. */
  view?(): Promise<{ default: Component<never> }>;
  document(): Promise<{ document: FigureDocument<Settings, Result> }>;
  /** What there is to show and to take along of work that was stopped or goes on; absent: nothing before its end. */
  fromParts?(parts: readonly never[]): Result;
  /** There is something to show; absent: as soon as there is a result. */
  hasPicture?(result: Result): boolean;
  /** Rows of layers that other figures stand level with. */
  layerRows?(result: Result): { readonly depth: readonly number[]; readonly hooks: readonly string[] };
  readonly heads?: HeadReport<Result>;
  readonly progress?: ProgressSentence;
}
