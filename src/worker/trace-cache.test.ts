import { describe, expect, it } from 'vitest';
import { trace } from '../../tests/fixtures/probe-input.ts';
import { blockHook, type HookName } from '../core/hooks';
import type { LensRequest, RunSpec } from '../core/run';
import { tensor } from '../core/tensor';
import { TraceCache } from './trace-cache';

const spec = (tokens: number[], captures: HookName[] = [], lens?: LensRequest): RunSpec => ({
  tokens,
  captures,
  interventions: [],
  ...(lens ? { lens } : {}),
});
const run = (one: RunSpec, floats = 4) =>
  trace(one, { captures: one.captures.map((hook) => [hook, tensor([floats], new Float32Array(floats))] as const) });
const a = blockHook(0, 'hook_resid_post');
const b = blockHook(1, 'hook_resid_post');

describe('TraceCache', () => {
  it('answers the same tokens when it has the captures, and more', () => {
    const cache = new TraceCache();
    const known = run(spec([1, 2], [a, b]));
    cache.put(known);
    expect(cache.get(spec([1, 2], [b]))).toBe(known);
    expect(cache.get(spec([1, 2], [blockHook(2, 'hook_resid_post')]))).toBeUndefined();
    expect(cache.get(spec([1], [b]))).toBeUndefined();
    expect(cache.get(spec([12], [b]))).toBeUndefined();
  });

  it('tells interventions apart', () => {
    const cache = new TraceCache();
    cache.put(run(spec([1, 2], [a])));
    const ablated = { kind: 'ablate', hook: a, mode: 'zero' } as const;
    expect(cache.get({ ...spec([1, 2], [a]), interventions: [ablated] })).toBeUndefined();
  });

  it('wants the same lens, or none', () => {
    const lens = { positions: [-1], midLayers: false, k: 1, targets: [3] };
    const cache = new TraceCache();
    const known = run(spec([1], [], lens));
    cache.put(known);
    expect(cache.get(spec([1], [], { ...lens }))).toBe(known);
    expect(cache.get(spec([1]))).toBe(known);
    expect(cache.get(spec([1], [], { ...lens, targets: [4] }))).toBeUndefined();
    cache.put(run(spec([2])));
    expect(cache.get(spec([2], [], lens))).toBeUndefined();
  });

  it('forgets what was used longest ago when it is full, by bytes and by number', () => {
    const cache = new TraceCache(40, 10);
    cache.put(run(spec([1], [a]), 4));
    cache.put(run(spec([2], [a]), 4));
    cache.get(spec([1], [a]));
    cache.put(run(spec([3], [a]), 4));
    expect(cache.get(spec([2], [a]))).toBeUndefined();
    expect(cache.get(spec([1], [a]))).toBeDefined();
    expect(cache.get(spec([3], [a]))).toBeDefined();
    const few = new TraceCache(1000, 1);
    few.put(run(spec([1], [a])));
    few.put(run(spec([2], [a])));
    expect(few.get(spec([1], [a]))).toBeUndefined();
  });

  it('does not empty itself for one that is too large', () => {
    const cache = new TraceCache(40);
    cache.put(run(spec([1], [a]), 4));
    cache.put(run(spec([2], [a]), 400));
    expect(cache.get(spec([1], [a]))).toBeDefined();
    expect(cache.get(spec([2], [a]))).toBeUndefined();
  });
});
