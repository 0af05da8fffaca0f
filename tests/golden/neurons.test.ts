import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockHook, type HookName } from '../../src/core/hooks';
import type { EditIntervention } from '../../src/core/interventions';
import { slice } from '../../src/core/tensor';
import { createEngine } from '../../src/engine/create-engine';
import type { Engine } from '../../src/engine/engine';
import { missingReason } from '../../src/engine/run/missing';
import { HELD_TO_PYTORCH } from './layouts';
import { largestDifference, openZoo, Reference } from './zoo';

const isNeurons = (hook: string): hook is HookName => /\.mlp\.hook_(pre|post)$/.test(hook);
const WITHOUT_NEURONS: readonly string[] = ['layouts/mixtral', 'layouts/gpt-oss'];

describe.each(HELD_TO_PYTORCH.filter(({ folder }) => !WITHOUT_NEURONS.includes(folder)))(
  'neurons of $folder ($dtype)',
  ({ folder, dtype, tolerance, reference: path, mlp: mlpPath }) => {
    let engine: Engine;
    let neurons: Reference;
    let tokens: number[];

    beforeAll(async () => {
      tokens = (await Reference.open(path)).tokens(0);
      neurons = await Reference.open(mlpPath);
      engine = await createEngine(await openZoo(folder, dtype));
    }, 60_000);
    afterAll(() => engine?.dispose());

    it('are PyTorch’s before and after the activation function, in every layer', async () => {
      const hooks = engine.info.hooks.filter(isNeurons);
      expect(hooks.toSorted()).toEqual(neurons.names(0).filter(isNeurons).toSorted());
      expect(hooks).toHaveLength(2 * engine.info.dims.n_layers);
      const { captures } = await engine.trace({ tokens, interventions: [], captures: hooks });
      for (const hook of hooks) {
        const [found, expected] = [captures.get(hook)!, neurons.get(0, hook)];
        expect(found.dims, hook).toEqual(expected.dims);
        expect(largestDifference(found.data, expected.data), hook).toBeLessThanOrEqual(tolerance);
      }
    });

    it('are followed by the edit that PyTorch makes in the weights', async () => {
      const layer = Number(neurons.metadata['edit.layer']);
      const [key, value] = ['edit.key', 'edit.value'].map((name) => [...neurons.get(0, name).data]) as [
        number[],
        number[],
      ];
      const edit: EditIntervention = { kind: 'edit', layer, key, value };
      const last = blockHook(engine.info.dims.n_layers - 1, 'hook_resid_post');
      const run = async (interventions: readonly EditIntervention[]) =>
        (await engine.trace({ tokens, interventions, captures: [last, 'logits'] })).captures;
      const plain = await run([]);
      const edited = await run([edit]);
      const logits = slice(edited.get('logits')!, -1);
      expect(largestDifference(logits, neurons.get(0, 'edit.logits').data)).toBeLessThanOrEqual(tolerance);
      const stream = neurons.get(0, 'edit.resid_post').data;
      // Streams are as large as their norms let them be; logits are not.
      const scale = stream.reduce((most, number) => Math.max(most, Math.abs(number)), 1);
      expect(largestDifference(edited.get(last)!.data, stream)).toBeLessThanOrEqual(tolerance * scale);
      expect(largestDifference(logits, slice(plain.get('logits')!, -1))).toBeGreaterThan(10 * tolerance);
    });
  },
);

describe('a mixture of experts', () => {
  it.each(WITHOUT_NEURONS)('has no neurons to be seen or edited, and says why: %s', async (folder) => {
    const engine = await createEngine(await openZoo(folder));
    const { dims, hooks } = engine.info;
    expect(hooks.filter(isNeurons)).toEqual([]);
    for (let layer = 0; layer < dims.n_layers; layer++) {
      for (const hook of [blockHook(layer, 'mlp.hook_pre'), blockHook(layer, 'mlp.hook_post')]) {
        expect(missingReason(engine.info, hook)).toMatch(/experts/);
        const asked = engine.trace({ tokens: [1, 2], interventions: [], captures: [hook] });
        await expect(asked).rejects.toMatchObject({ code: 'unknown-hook', details: { hook } });
      }
      const edit: EditIntervention = { kind: 'edit', layer, key: [1], value: new Array<number>(dims.d_model).fill(1) };
      const asked = engine.trace({ tokens: [1, 2], interventions: [edit], captures: ['logits'] });
      await expect(asked).rejects.toMatchObject({
        code: 'unknown-hook',
        details: { hook: blockHook(layer, 'mlp.hook_post') },
      });
    }
    await engine.dispose();
  });
});
