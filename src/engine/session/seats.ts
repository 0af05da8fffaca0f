import { StrataError } from '../../core/errors';
import { pointKey, type Point } from '../../onnx/trunk-header';

/** A session that can sit here; see `TrunkSession`. */
export interface Seated {
  readonly points: readonly Point[];
  has(points: readonly Point[]): boolean;
  release(): Promise<void>;
}

/** A place for a run: the session, and whether it is only borrowed from another kind of run. */
type Open<S> = (points: readonly Point[]) => Promise<S>;

/**
 * The sessions of a model's layers: a plain one, as fast as the file allows, and one with intervention points. Where
 * memory holds only one of them, the one with points answers plain runs too, its points fed with what changes nothing.
 */
export class Seats<S extends Seated> {
  private plain: S | undefined;
  private instrumented: S | undefined;

  /** @param both Whether there is memory for two sessions; asked before a second one is opened. */
  constructor(
    private readonly open: Open<S>,
    private both: () => boolean,
  ) {}

  /** True while a session for interventions is held. */
  get holdsPoints(): boolean {
    return this.instrumented !== undefined;
  }

  /** True while two sessions are held. */
  get holdsTwo(): boolean {
    return this.plain !== undefined && this.instrumented !== undefined;
  }

  /** A session for a run that uses these points. A new one keeps the points of the one before it. */
  async take(points: readonly Point[]): Promise<S> {
    if (points.length > 0) {
      if (this.instrumented?.has(points)) return this.instrumented;
      return this.rebuild([...(this.instrumented?.points ?? []), ...points]);
    }
    if (this.plain) return this.plain;
    if (this.instrumented && !this.both()) return this.instrumented;
    return this.openPlain();
  }

  /** Builds in all the points of a stage, and those alone, unless they are there already. */
  async reserve(points: readonly Point[]): Promise<void> {
    if (points.length > 0 && !this.instrumented?.has(points)) await this.rebuild(points);
  }

  /** The old session goes first, so that the weights are held no more often than there is memory for. */
  private async rebuild(points: readonly Point[]): Promise<S> {
    await this.release();
    if (!this.both()) await this.closePlain();
    const distinct = [...new Map(points.map((point) => [pointKey(point), point])).values()];
    try {
      this.instrumented = await this.open(distinct);
    } catch (cause) {
      if (!this.plain || StrataError.from(cause).code !== 'out-of-memory') throw cause;
      // The estimate was too high: one session has to do from now on.
      this.both = () => false;
      await this.closePlain();
      this.instrumented = await this.open(distinct);
    }
    return this.instrumented;
  }

  private async openPlain(): Promise<S> {
    try {
      this.plain = await this.open([]);
      return this.plain;
    } catch (cause) {
      if (!this.instrumented || StrataError.from(cause).code !== 'out-of-memory') throw cause;
      this.both = () => false;
      return this.instrumented;
    }
  }

  /** Makes room: of two sessions the one that this kind of run does not use is closed. */
  async spare(points: readonly Point[]): Promise<void> {
    if (!this.holdsTwo) return;
    if (points.length > 0) await this.closePlain();
    else await this.release();
  }

  /** Lets go of the session with points. */
  async release(): Promise<void> {
    const { instrumented } = this;
    this.instrumented = undefined;
    await instrumented?.release();
  }

  private async closePlain(): Promise<void> {
    const { plain } = this;
    this.plain = undefined;
    await plain?.release();
  }

  async close(): Promise<void> {
    await this.release();
    await this.closePlain();
  }
}
