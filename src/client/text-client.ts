import * as comlink from 'comlink';
import { StrataError } from '../core/errors';
import type { TextQuestion } from '../core/worker-protocol';
import { WorkerLink, type LinkOptions } from './worker-link';

/** After these the worker is of no more use; another one may well answer. */
const LOST = new Set(['worker-lost', 'deadline', 'out-of-memory']);

/**
 * Answers about text from a small worker with a tokenizer of its own, so that none waits while the model's worker is
 * deaf in a pass. The tokenizer's files go from one worker to the other, past the page. A text worker that dies is
 * replaced and fed again.
 */
export class TextClient {
  readonly #options: LinkOptions;
  #link: WorkerLink | undefined;
  /** Resolves when the text worker has heard of the model. */
  #fed: Promise<void> = Promise.resolve();
  /** Whose model the text is for; undefined while there is none. */
  #model: WorkerLink | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** True when there is a model to answer for. */
  get ready(): boolean {
    return this.#model !== undefined;
  }

  /** A model is being loaded: the text worker starts meanwhile, so that nobody waits for it afterwards. */
  start(): void {
    if (!this.#link || this.#link.dead) this.#link = new WorkerLink(this.#options);
  }

  /** From now on answers are for the model that this worker holds. */
  follow(model: WorkerLink): void {
    this.#model = model;
    this.start();
    this.#fed = feed(this.#link!, model);
    // Said to whoever asks.
    this.#fed.catch(() => undefined);
  }

  /** Answers nothing more until there is another model. */
  forget(): void {
    this.#model = undefined;
  }

  /** @throws StrataError of the question, or `worker-lost` when a second worker could not be had either. */
  async ask(question: TextQuestion, argument: unknown): Promise<unknown> {
    try {
      return await this.#send(question, argument);
    } catch (cause) {
      const error = StrataError.from(cause);
      if (!LOST.has(error.code) || !this.#model) throw error;
      this.#link?.end(error);
      return this.#send(question, argument);
    }
  }

  dispose(reason: StrataError): void {
    this.#model = undefined;
    this.#link?.end(reason);
  }

  async #send(question: TextQuestion, argument: unknown): Promise<unknown> {
    const model = this.#model;
    if (!model) throw new StrataError('invalid-request', 'No model is loaded.', { reason: 'no-model' });
    if (!this.#link || this.#link.dead) {
      if (model.dead) throw new StrataError('worker-lost', 'The worker with the model had ended.');
      this.follow(model);
    }
    await this.#fed;
    return this.#link!.call(question, [argument], {});
  }
}

/** @throws StrataError `worker-lost` when either worker ends before the one has told the other. */
async function feed(text: WorkerLink, model: WorkerLink): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  const lost = new StrataError('worker-lost', 'The worker with the model ended before it said what text is to it.');
  const died = new Promise<never>((_, reject) => {
    if (model.dead) reject(lost);
    else model.death.addEventListener('abort', () => reject(lost), { once: true });
  });
  const connected = text.call('connect', comlink.transfer([port1], [port1]), {});
  // A port whose other end went down with a worker cannot be sent any more.
  const sent = connected.catch((cause: unknown) => Promise.reject(model.dead ? lost : StrataError.from(cause)));
  model.feedText(port2);
  await Promise.race([sent, died]);
}
