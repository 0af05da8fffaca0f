import type { GenericSchema } from 'valibot';
import type { Fact } from './fact';
import type { ModelInfo } from './model';
import type { OptionsSchema } from './probe';

/** One run that a figure wants of its probe. */
export interface Ask<Options> {
  /** Names the answer among the figure's own; one of {@link FigurePlan.slots}. */
  readonly slot: string;
  readonly options: Partial<Options>;
}

/** `first`: before all figures, since the verdict waits for it. `last`: when every figure has its answer. */
export const TURNS = ['first', 'usual', 'last'] as const;
export type Turn = (typeof TURNS)[number];

/** What the page knows when a figure says what it wants to have run. */
export interface AskContext {
  readonly info: ModelInfo;
  readonly fact: Fact;
  /** Tokens of the prompt. */
  readonly tokens: number;
  /** The position chosen for the figures that show one column of the lens; undefined = where the answer comes next. */
  readonly column: number | undefined;
  /** Names that can stand in the subject's place, for a null; empty where none are known. */
  readonly otherSubjects: readonly string[];
  /** A figure shows the rows in the middle of each layer: those beside it have them too. */
  readonly midLayers: boolean;
}

/** `main` and `side` stand beside each other, `full` alone in a row; `none` has no picture of its own. */
export type FigurePlace = 'main' | 'side' | 'full' | 'none';

/** What a person sets in a figure; its entries are the keys in a link. */
export type SettingsSchema<Settings> = OptionsSchema<Settings> & {
  readonly entries: Readonly<Record<string, GenericSchema<unknown, unknown>>>;
};

/**
 * What the page must know of a figure before it is shown: `probes/<id>/figure.ts` adds the picture. Methods are pure.
 */
export interface FigurePlan<Settings, Options, Result> {
  /** Its place in the story of the page, from the top. */
  readonly order: number;
  readonly place: FigurePlace;
  /** It is shown to a room, too, one slide of its own. */
  readonly slide: boolean;
  readonly slots: readonly [string, ...string[]];
  readonly settings: SettingsSchema<Settings>;
  /** Its answers can be kept for comparison with later ones. */
  readonly keeps?: true;
  /** What is run for a fact in this turn. */
  asks(turn: Turn, settings: Settings, context: AskContext): readonly Ask<Options>[];
  /** The slot that is shown when it has an answer; absent: the first. */
  shows?(context: Pick<AskContext, 'column'>): string;
  /** The settings that what is shown really has, where the run for others was given up. */
  settle?(settings: Settings, result: Result): Settings;
}
