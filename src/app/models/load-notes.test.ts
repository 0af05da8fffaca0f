import { describe, expect, it } from 'vitest';
import type { LoadNote } from '../../core/model';
import { english as words } from '../i18n/messages';
import { batchingText, noteKey, noteText, selfCheckText } from './load-notes';

const text = (code: LoadNote['code'], details: LoadNote['details'] = {}): string => noteText({ code, details }, words);

describe('a note of a load', () => {
  it('says in the page’s words why the model runs where it runs', () => {
    expect(text('storage-full')).toMatch(/no room to keep the model/);
    expect(text('backend-fallback', { error: 'session-failed', message: 'no kernel for IsNaN' })).toBe(
      'WebGPU could not be used for this model, so it runs on WASM. The model could not be started here.',
    );
    expect(text('backend-fallback', { difference: 0.25 })).toMatch(/differ by up to 25.% of their range. So it runs/);
    expect(text('backend-disagrees', { difference: 0.013 })).toMatch(/differ by up to 1\.3.%.*Choose WASM/);
    expect(text('backend-disagrees', { difference: Infinity })).toMatch(/values that are not numbers. Choose WASM/);
  });

  it('says why there was no comparison, and what can be done', () => {
    expect(text('not-compared', { reason: 'too-large', bytes: 1.2e9 })).toMatch(/1\.20.GB.*Run it on WASM once/);
    expect(text('not-compared', { reason: 'wasm-failed', error: 'out-of-memory' })).toMatch(
      /does not run on WASM here. There was not enough memory/,
    );
    expect(text('not-compared', { reason: 'wasm-failed', error: '<b>' })).toMatch(/Something went wrong inside/);
  });

  it('is known again whatever the runtime’s own words were, but not for another model', () => {
    const note = (message: string): LoadNote => ({
      code: 'backend-fallback',
      details: { error: 'run-failed', message },
    });
    expect(noteKey(note('at 0x12'), 'a')).toBe(noteKey(note('at 0x34'), 'a'));
    expect(noteKey(note('at 0x12'), 'a')).not.toBe(noteKey(note('at 0x12'), 'b'));
  });
});

it('the self-check says what was found, and when', () => {
  expect(selfCheckText({ kind: 'same', difference: 0.0005, when: 'now' }, words)).toMatch(
    /^the same numbers \(.*0\.05.%/,
  );
  expect(selfCheckText({ kind: 'different', difference: 0.5, when: 'before' }, words)).toMatch(/^other.*earlier.*50.%/);
  expect(selfCheckText({ kind: 'not-compared', reason: 'too-large', bytes: 7e8 }, words)).toMatch(
    /^not compared on this/,
  );
});

describe('whether runs are made together', () => {
  it('is said with the reason where they are not', () => {
    expect(batchingText({ kind: 'batched' }, words)).toBe('several runs at once');
    const single = (reason: 'fixed-dimension' | 'quantised-activations' | 'disagrees', difference?: number): string =>
      batchingText({ kind: 'single', reason, ...(difference === undefined ? {} : { difference }) }, words);
    expect(single('fixed-dimension')).toMatch(/^one by one: .*one prompt at a time/);
    expect(single('quantised-activations')).toMatch(/^one by one: .*rounds numbers/);
    expect(single('disagrees', 0.02)).toMatch(/differ by 2.% of their range/);
    expect(single('disagrees', Infinity)).toMatch(/differ by all of their range/);
  });
});
