import { describe, expect, it } from 'vitest';
import { StrataError } from '../core/errors';
import type { CallOptions, GeneratedToken, GenerateRequest, GenerateResponse, ModelApi } from '../core/model-api';
import { Continuation } from './Continuation.svelte';

const encoder = new TextEncoder();
const token = (bytes: Iterable<number>): GeneratedToken => ({
  token: { id: 1, text: '⟨E6⟩', bytes: [...bytes], start: 0, end: 0, special: false },
  probability: 0.5,
  alternatives: [],
});

/** A model that writes when the test says so. */
class Writer {
  readonly calls: {
    readonly request: GenerateRequest;
    readonly token: (bytes: Iterable<number>) => void;
    readonly end: (response: GenerateResponse) => void;
    readonly fail: (error: Error) => void;
  }[] = [];
  readonly api = {
    generate: (request: GenerateRequest, call: CallOptions<GeneratedToken> = {}) =>
      new Promise<GenerateResponse>((resolve, reject) => {
        call.signal?.addEventListener('abort', () => reject(new StrataError('cancelled', '')));
        this.calls.push({
          request,
          token: (bytes) => call.onProgress?.(token(bytes)),
          end: resolve,
          fail: reject,
        });
      }),
  } as unknown as ModelApi;
}

describe('writing on', () => {
  it('reads characters that are spread over tokens as what they are', () => {
    const writer = new Writer();
    const writing = new Continuation(writer.api);
    void writing.write('東');
    const [first, second, third] = encoder.encode('京');
    writer.calls[0]!.token([first!]);
    writer.calls[0]!.token([second!]);
    expect(writing.text).toBe('');
    writer.calls[0]!.token([third!]);
    expect([writing.text, writing.written?.tokens.length]).toEqual(['京', 3]);
  });

  it('keeps what was written when an error ends it, and when the next attempt fails at once', async () => {
    const writer = new Writer();
    const writing = new Continuation(writer.api);
    const first = writing.write('a');
    writer.calls[0]!.token(encoder.encode('b'));
    writer.calls[0]!.fail(new StrataError('run-failed', 'x'));
    await first;
    expect([writing.text, writing.error?.code, writing.working]).toEqual(['b', 'run-failed', false]);
    const second = writing.write('a');
    expect([writing.text, writing.error, writing.stale]).toEqual(['b', undefined, true]);
    writer.calls[1]!.fail(new StrataError('worker-lost', 'x'));
    await second;
    expect([writing.text, writing.error?.code, writing.stale]).toEqual(['b', 'worker-lost', false]);
    void writing.write('c');
    writer.calls[2]!.token(encoder.encode('d'));
    expect([writing.text, writing.written?.prompt, writing.stale]).toEqual(['d', 'c', false]);
  });

  it('remembers the options it was written with', async () => {
    const writer = new Writer();
    const writing = new Continuation(writer.api);
    writing.options = { ...writing.options, temperature: 0.7 };
    const done = writing.write('a');
    writing.options = { ...writing.options, temperature: 2 };
    writer.calls[0]!.end({ tokens: [token(encoder.encode('b'))], text: 'b', finish: 'length' });
    await done;
    expect(writing.written).toMatchObject({ options: { temperature: 0.7 }, finish: 'length' });
  });

  it('stops with what is there; a stop before the first token leaves the earlier text as it was', async () => {
    const writer = new Writer();
    const writing = new Continuation(writer.api);
    const first = writing.write('a');
    writer.calls[0]!.token(encoder.encode('b'));
    writing.stop();
    await first;
    expect([writing.text, writing.written?.finish, writing.error]).toEqual(['b', 'cancelled', undefined]);
    const second = writing.write('c');
    writing.stop();
    writer.calls[1]!.token(encoder.encode('late'));
    await second;
    expect([writing.text, writing.written?.prompt, writing.working]).toEqual(['b', 'a', false]);
  });
});
