import type { ErrorRecord } from './errors';
import type { Labels } from './fact';
import type { ModelFiles } from './model';
import type { ModelApi } from './model-api';

/** The methods of {@link ModelApi} that cross to the worker. */
export type WireMethod = Exclude<keyof ModelApi, 'holds'>;

/** An answer as plain data, so that an error keeps its code and details on the way. */
export type WireReply<T = unknown> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: ErrorRecord };

/** A probe's part, with how to show the tokens it names. */
export interface WirePart {
  readonly part: unknown;
  readonly labels: Labels;
}

/** Questions about text, which a tokenizer alone can answer. */
export type TextQuestion = Extract<WireMethod, 'tokenize' | 'prepare' | 'describe'>;

/** What the text worker is called with; `connect` brings a port and ends when the {@link TextSource} came by it. */
export type TextMethod = TextQuestion | 'connect';

/** What the text worker knows of a model, from the model's worker. */
export interface TextSource {
  /** Absent: the model came without a tokenizer. */
  readonly tokenizer?: ModelFiles['tokenizer'];
  readonly d_vocab: number;
  /** Most tokens of a prompt. */
  readonly limit: number;
}

export interface Greeting {
  /** Name of a Web Lock the worker holds as long as it lives: how the page learns of its death. */
  readonly lock: string;
  /** The app's root URL, with a slash at the end: bundled models and the runtime lie below it. */
  readonly root: string;
  /** At most this many WASM threads; absent: as many as are worth while. */
  readonly maxThreads?: number;
}

/** In the details of a failed load: WASM's threads never started, and one thread may well do. */
export const ONE_THREAD = 'one-thread';

/** What the worker exposes through comlink. */
export interface WorkerWire {
  /** First message. @returns Whether the worker holds the lock, for as long as it lives. */
  greet(greeting: Greeting): Promise<boolean>;
  /**
   * @param id names the call for {@link cancel}; never used twice.
   * @param args the method's arguments without its CallOptions.
   * @param onProgress a comlink proxy; released when the call ends.
   */
  call(
    id: number,
    method: WireMethod,
    args: readonly unknown[],
    onProgress?: (progress: unknown) => void,
  ): Promise<WireReply>;
  /** The next part of a probe under way, once there is one; undefined when there are no more. Only then the one after it is made. */
  next(id: number): Promise<WirePart | undefined>;
  /** Fires the call's AbortSignal; a call that has ended is left alone. */
  cancel(id: number): void;
  /** Posts the loaded model's {@link TextSource} to a port, once. */
  feedText(port: MessagePort): void;
}

/** What the text worker exposes: calls as of the model's worker, answered by a tokenizer alone. */
export interface TextWorkerWire extends Pick<WorkerWire, 'greet' | 'cancel'> {
  /** @param args the one argument of the question, or the port of `connect`. */
  call(id: number, method: TextMethod, args: readonly unknown[]): Promise<WireReply>;
}
