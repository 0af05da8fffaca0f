import { StrataError, type ErrorRecord } from '../core/errors';
import type { PromptOptions } from '../core/fact';
import type { GeneratedToken, GenerateResponse, ModelApi } from '../core/model-api';
import { writtenText } from '../core/written-text';

export interface ContinuationOptions {
  readonly maxTokens: number;
  /** 0 = greedy. */
  readonly temperature: number;
  /** 0 = off. */
  readonly topK: number;
  /** 1 = off. */
  readonly topP: number;
  readonly seed: number;
}

export const CONTINUATION_DEFAULTS: ContinuationOptions = { maxTokens: 20, temperature: 0, topK: 0, topP: 1, seed: 1 };

const ALTERNATIVES = 8;

/** A text the model wrote, and what it was asked. */
export interface Written {
  readonly prompt: string;
  /** As they were when it was written. */
  readonly options: ContinuationOptions;
  readonly tokens: readonly GeneratedToken[];
  /** Absent while it is being written, and where an error ended it. */
  readonly finish?: GenerateResponse['finish'];
}

/** The model writing on, token by token. What was written stays until the next text begins, also after an error. */
export class Continuation {
  #api: ModelApi;
  #written = $state.raw<Written | undefined>();
  #error = $state.raw<ErrorRecord | undefined>();
  #controller = $state.raw<AbortController | undefined>();
  /** The controller whose text {@link written} is. */
  #author = $state.raw<AbortController | undefined>();
  #options = $state.raw<ContinuationOptions>(CONTINUATION_DEFAULTS);
  readonly #text = $derived(writtenText(this.#written?.tokens ?? []));

  constructor(api: ModelApi) {
    this.#api = api;
  }

  get written(): Written | undefined {
    return this.#written;
  }
  /** What was written, decoded. */
  get text(): string {
    return this.#text;
  }
  get error(): ErrorRecord | undefined {
    return this.#error;
  }
  get working(): boolean {
    return this.#controller !== undefined;
  }
  /** The next text was asked for, and {@link written} is still the one before. */
  get stale(): boolean {
    return this.#controller !== undefined && this.#controller !== this.#author;
  }
  get options(): ContinuationOptions {
    return this.#options;
  }
  set options(value: ContinuationOptions) {
    this.#options = value;
  }

  /** @param how how the prompt is put to the model. */
  async write(prompt: string, { form, bos }: PromptOptions = {}): Promise<void> {
    this.stop();
    const controller = new AbortController();
    const options = this.#options;
    this.#controller = controller;
    this.#error = undefined;
    const current = (): boolean => this.#controller === controller;
    const keep = (tokens: readonly GeneratedToken[], finish?: Written['finish']): void => {
      this.#author = controller;
      this.#written = { prompt, options, tokens, ...(finish ? { finish } : {}) };
    };
    const soFar: GeneratedToken[] = [];
    try {
      const { tokens, finish } = await this.#api.generate(
        {
          prompt,
          ...(form ? { form } : {}),
          ...(bos === undefined ? {} : { bos }),
          ...options,
          alternatives: ALTERNATIVES,
        },
        {
          signal: controller.signal,
          onProgress: (token) => {
            soFar.push(token);
            if (current()) keep([...soFar]);
          },
        },
      );
      if (current()) keep(tokens, finish);
    } catch (cause) {
      const error = StrataError.from(cause).toRecord();
      if (current() && error.code !== 'cancelled') this.#error = error;
    } finally {
      if (current()) this.#controller = undefined;
    }
  }

  stop(): void {
    const controller = this.#controller;
    if (!controller) return;
    controller.abort();
    this.#controller = undefined;
    if (this.#written && controller === this.#author) this.#written = { ...this.#written, finish: 'cancelled' };
  }

  reset(): void {
    this.stop();
    this.#written = undefined;
    this.#error = undefined;
  }
}
