import { describe, expect, it } from 'vitest';
import type { Fact } from '../core/fact';
import type { ProbeResponse } from '../core/model-api';
import { Kept, keptKey, MOST_KEPT } from './Kept.svelte';

const fact: Fact = { prompt: 'The capital of France is', answers: ['Paris'] };

describe('answers kept for comparison', () => {
  it('are one for each model, precision, question and form of it', () => {
    const keys = [
      keptKey('hub:a/b@main:fp32', fact, {}),
      keptKey('hub:a/b@main:q8', fact, {}),
      keptKey('hub:a/b@v2:fp32', fact, {}),
      keptKey('hub:a/b@main:fp32', { ...fact, answers: ['Paris', 'paris'] }, {}),
      keptKey('hub:a/b@main:fp32', { ...fact, foil: 'Lyon' }, {}),
      keptKey('hub:a/b@main:fp32', { ...fact, form: 'chat' }, {}),
      keptKey('hub:a/b@main:fp32', { ...fact, bos: false }, {}),
      keptKey('hub:a/b@main:fp32', fact, { position: 2 }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(keptKey('m', { ...fact, subject: [15, 21] }, {})).toBe(keptKey('m', fact, {}));
  });

  it('replace their like, and the oldest makes room', () => {
    const kept = new Kept<number>();
    const add = (modelId: string, result: number): void => {
      const response = { result } as ProbeResponse<number>;
      kept.add({ key: keptKey(modelId, fact, {}), fact, options: {}, modelId, model: modelId, response });
    };
    for (let nth = 0; nth <= MOST_KEPT; nth++) add(`m${nth}`, nth);
    add('m3', 33);
    expect(kept.answers.map(({ response }) => response.result)).toEqual([1, 2, 4, 5, 33]);
  });
});
