import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadProgress } from '../../src/core/model-api.ts';
import type { ModelInfo } from '../../src/core/model.ts';
import { createModelApi } from '../../src/worker/in-thread-api.ts';
import { BAD_INPUT } from './bad-input.ts';
import { CHECKS } from './checks.ts';
import { nodeDeps, reference, zooRequest } from './in-thread.ts';

describe('ModelApi in this thread', () => {
  const api = createModelApi(nodeDeps);
  const expected = reference(1e-4);
  const progress: LoadProgress[] = [];
  let info: ModelInfo;

  beforeAll(async () => {
    info = await api.load(zooRequest('optimum-gpt2'), { onProgress: (one) => progress.push(one) });
  }, 60_000);
  afterAll(() => api.dispose());

  it('tells of loading, step by step', () => {
    const steps = progress.map((one) => (one.stage === 'prepare' ? one.step : one.stage));
    expect(steps.filter((step, at) => steps.indexOf(step) === at)).toEqual([
      'download',
      'anatomy',
      'tokenizer',
      'session',
      'self-check',
    ]);
  });

  for (const check of [...CHECKS, ...BAD_INPUT]) {
    it(check.name, () => check.run(api, expected, info));
  }

  it('keeps the model before after a load that failed, and has a new one after the next', async () => {
    const before = await api.tokenize('The');
    expect(before.length).toBeGreaterThan(0);
    const source = { kind: 'folder', name: 'nothing', dtype: 'fp32', files: new Map() } as const;
    await expect(api.load({ source, backend: 'wasm' })).rejects.toMatchObject({ code: 'missing-file' });
    await expect(api.tokenize('The')).resolves.toHaveLength(before.length);
    await expect(api.runProbe({ probe: 'heads' })).resolves.toBeDefined();
    await api.load(zooRequest('optimum-llama'));
    await expect(api.tokenize('The')).resolves.not.toHaveLength(0);
  });

  it('refuses work once disposed of', async () => {
    await api.dispose();
    await expect(api.runProbe({ probe: 'heads' })).rejects.toMatchObject({ code: 'cancelled' });
  });
});
