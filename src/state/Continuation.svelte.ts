import { StrataError, type ErrorRecord } from '../core/errors';
import type { GeneratedToken, GenerateResponse, ModelApi } from '../core/model-api';

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

/** The model writing on, token by token. */
export class Continuation {
  #api: ModelApi;
  #prompt = $state('');
  #tokens = $state.raw<readonly GeneratedToken[]>([]);
  #finish = $state<GenerateResponse['finish'] | undefined>();
  #error = $state.raw<ErrorRecord | undefined>();
  #controller = $state.raw<AbortController | undefined>();
  #options = $state.raw<ContinuationOptions>(CONTINUATION_DEFAULTS);

  constructor(api: ModelApi) {
    this.#api = api;
  }

  get prompt(): string {
    return this.#prompt;
  }
  get tokens(): readonly GeneratedToken[] {
    return this.#tokens;
  }
  get finish(): GenerateResponse['finish'] | undefined {
    return this.#finish;
  }
  get error(): ErrorRecord | undefined {
    return this.#error;
  }
  get working(): boolean {
    return this.#controller !== undefined;
  }
  get options(): ContinuationOptions {
    return this.#options;
  }
  set options(value: ContinuationOptions) {
    this.#options = value;
  }

  async write(prompt: string): Promise<void> {
    this.stop();
    const controller = new AbortController();
    this.#controller = controller;
    this.#prompt = prompt;
    this.#tokens = [];
    this.#finish = undefined;
    this.#error = undefined;
    try {
      const response = await this.#api.generate(
        { prompt, ...this.#options, alternatives: ALTERNATIVES },
        {
          signal: controller.signal,
          onProgress: (token) => {
            if (this.#controller === controller) this.#tokens = [...this.#tokens, token];
          },
        },
      );
      if (this.#controller !== controller) return;
      this.#tokens = response.tokens;
      this.#finish = response.finish;
    } catch (cause) {
      const error = StrataError.from(cause).toRecord();
      if (error.code === 'cancelled') this.#finish = 'cancelled';
      else if (this.#controller === controller) this.#error = error;
    } finally {
      if (this.#controller === controller) this.#controller = undefined;
    }
  }

  stop(): void {
    if (!this.#controller) return;
    this.#controller.abort();
    this.#controller = undefined;
    this.#finish = 'cancelled';
  }

  reset(): void {
    this.stop();
    this.#tokens = [];
    this.#finish = undefined;
    this.#error = undefined;
  }
}
