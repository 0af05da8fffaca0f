import * as comlink from 'comlink';
import { StrataError } from '../core/errors';
import type { Greeting, TextMethod, TextSource, TextWorkerWire, WireReply } from '../core/worker-protocol';
import { openTokenizer } from '../engine/text/tokenizer';
import { holdForLife } from './life-lock';
import { TEXT_QUESTIONS, type TextReader } from './text-questions';

type AnyQuestion = (reader: TextReader, argument: never) => unknown;

/** @throws StrataError `tokenizer-mismatch` for a model without a tokenizer, `invalid-config`. */
async function openReader({ tokenizer, d_vocab, limit }: TextSource): Promise<TextReader> {
  if (!tokenizer) {
    const message = 'This model came without a tokenizer: it can only be run on token ids.';
    throw new StrataError('tokenizer-mismatch', message, { absent: true });
  }
  const text = await openTokenizer(tokenizer, d_vocab);
  return {
    tokenize: (prompt, options) => text.encode(prompt, options),
    prepare: (fact) => text.prepare(fact, limit),
    describe: (ids) => text.describe(ids),
  };
}

/**
 * The text worker's half of the boundary. Its tokenizer comes from the model's worker by a port of their own, past the page.
 */
export class TextWire implements TextWorkerWire {
  #reader: Promise<TextReader> | undefined;

  greet(greeting: Greeting): Promise<boolean> {
    return holdForLife(greeting.lock);
  }

  /** @param proxy for progress, of which there is none here: it is only let go of. */
  async call(
    _id: number,
    method: TextMethod,
    args: readonly unknown[],
    proxy?: Partial<comlink.ProxyMethods>,
  ): Promise<WireReply> {
    try {
      return { ok: true, value: await this.#answer(method, args[0]) };
    } catch (cause) {
      return { ok: false, error: StrataError.from(cause).toRecord() };
    } finally {
      proxy?.[comlink.releaseProxy]?.();
    }
  }

  /** Nothing here takes long enough to be cancelled. */
  cancel(): void {
    return undefined;
  }

  async #answer(method: TextMethod, argument: unknown): Promise<unknown> {
    if (method === 'connect') return this.#connect(argument as MessagePort);
    if (!Object.hasOwn(TEXT_QUESTIONS, method)) {
      throw new StrataError('invalid-request', `There is no method named ${JSON.stringify(method)}.`);
    }
    if (!this.#reader) throw new StrataError('invalid-request', 'No model is loaded.', { reason: 'no-model' });
    return (TEXT_QUESTIONS[method] as AnyQuestion)(await this.#reader, argument as never);
  }

  async #connect(port: MessagePort): Promise<void> {
    const source = await new Promise<TextSource>((resolve) => {
      port.onmessage = ({ data }: MessageEvent<TextSource>) => resolve(data);
    });
    port.close();
    this.#reader = openReader(source);
    // What is wrong with the files is said to whoever asks.
    await this.#reader.catch(() => undefined);
  }
}
