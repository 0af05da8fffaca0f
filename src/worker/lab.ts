import { throwIfAborted } from '../core/errors';
import type { Fact, PreparedFact } from '../core/fact';
import type { RunProgress } from '../core/model-api';
import type { Lab } from '../core/probe';
import type { RunSpec, Stage, Trace } from '../core/run';
import type { GeneratedToken, WriteFinish, WriteOptions } from '../core/writing';
import type { Engine } from '../engine/engine';
import { writeOn } from './write-on';
import type { TraceCache } from './trace-cache';

export interface LabHost {
  readonly engine: Engine;
  readonly traces: TraceCache;
  prepare(fact: Fact): PreparedFact;
  /** Lets waiting messages (a cancel) in between two runs. */
  pause(): Promise<void>;
}

/** {@link Lab} on one loaded model; counts its runs for the progress that the page shows. */
export class WorkerLab implements Lab {
  readonly weights;
  /** Traces whose buffers a result may share. */
  readonly used: Trace[] = [];
  readonly #host: LabHost;
  readonly #onProgress: ((progress: RunProgress) => void) | undefined;
  #done = 0;
  #total = 1;
  #memoryShort = false;

  constructor(
    host: LabHost,
    readonly signal: AbortSignal,
    onProgress?: (progress: RunProgress) => void,
  ) {
    this.#host = host;
    this.#onProgress = onProgress;
    this.weights = host.engine.weights;
  }

  prepare(fact: Fact): PreparedFact {
    return this.#host.prepare(fact);
  }

  expect(runs: number): void {
    this.#total = runs;
    this.#tell();
  }

  async run(spec: RunSpec): Promise<Trace> {
    if (this.#done === 0) this.#tell();
    const trace = this.#host.traces.get(spec) ?? (await this.#compute(spec));
    this.used.push(trace);
    this.#ended();
    return trace;
  }

  async *runs<T>(stage: Stage, specs: Iterable<RunSpec>, read: (trace: Trace, index: number) => T): AsyncGenerator<T> {
    if (stage.specs > this.#total) this.expect(stage.specs);
    else if (this.#done === 0) this.#tell();
    const made = stage.keep ? this.#kept(stage, specs) : this.#made(stage, specs);
    let index = 0;
    for await (const trace of made) {
      this.#ended();
      yield read(trace, index++);
    }
  }

  /** Traces that are kept: those that are there are not computed again. */
  async *#kept(stage: Stage, specs: Iterable<RunSpec>): AsyncGenerator<Trace> {
    const wanted = [...specs].map((spec) => ({ spec, trace: this.#host.traces.get(spec) }));
    const made = this.#made(
      stage,
      wanted.flatMap(({ spec, trace }) => (trace ? [] : [spec])),
    );
    for (const { trace: known } of wanted) {
      const trace = known ?? ((await made.next()).value as Trace);
      if (!known) this.#host.traces.put(trace);
      this.used.push(trace);
      yield trace;
    }
  }

  async *#made(stage: Stage, specs: Iterable<RunSpec>): AsyncGenerator<Trace> {
    const { engine, pause } = this.#host;
    const onMemoryShort = (): void => {
      this.#memoryShort = true;
      this.#tell();
    };
    for await (const trace of engine.traces(specs, { signal: this.signal, stage, onMemoryShort })) {
      yield trace;
      await pause();
      throwIfAborted(this.signal);
    }
  }

  write(tokens: readonly number[], options: WriteOptions): AsyncGenerator<GeneratedToken, WriteFinish> {
    return writeOn(this.#host, tokens, options, this.signal);
  }

  async #compute(spec: RunSpec): Promise<Trace> {
    await this.#host.pause();
    throwIfAborted(this.signal);
    const trace = await this.#host.engine.trace(spec, {
      signal: this.signal,
      onLensProgress: (done, total) => {
        // The last step of a run is said by the run itself.
        if (done < total) this.#tell({ lens: { done, total } });
      },
    });
    this.#host.traces.put(trace);
    return trace;
  }

  #ended(): void {
    this.#done++;
    this.#tell();
  }

  #tell(more: Pick<RunProgress, 'lens'> = {}): void {
    const counts = { done: Math.min(this.#done, this.#total), total: this.#total };
    this.#onProgress?.({ ...counts, ...more, ...(this.#memoryShort ? { memoryShort: true } : {}) });
  }
}
