import { describe, expect, it } from 'vitest';
import { randomGpt2 } from '../../tests/bench/random-gpt2';
import { largestDifference } from '../../tests/golden/zoo';
import { changed, wanting } from '../../tests/fixtures/changed-model';
import { StrataError, type UnsupportedReason } from '../core/errors';
import type { ModelFiles } from '../core/model';
import { makeFloat32, makeInt64 } from '../onnx/emit';
import { ElementType, type ValueInfo } from '../onnx/onnx-model';
import { createEngine } from './create-engine';

const TINY = { name: 'tiny', n_layer: 2, n_head: 2, n_embd: 8, n_inner: 16, n_positions: 8, vocab_size: 24 };
const tiny = randomGpt2(TINY);
const PROMPT = [3, 7, 5];
/** Layers that the file does not have: the anatomy is then unknown, and only the logits can be looked at. */
const NOT_UNDERSTOOD = { ...tiny.config, n_layer: 9 };

/** What opening the model says: one sentence, plain and short, whatever the names in the file. */
async function refusal(files: ModelFiles): Promise<StrataError> {
  const error: unknown = await createEngine(files).then(
    (engine) => engine.dispose(),
    (cause: unknown) => cause,
  );
  if (!(error instanceof StrataError)) throw new Error('was opened, or failed without a code', { cause: error });
  expect(error.message).toMatch(/^\p{Lu}[^\p{Cc}<>]{10,400}\.$/u);
  return error;
}

async function logits(files: ModelFiles): Promise<Float32Array> {
  const engine = await createEngine(files);
  const values = await engine.generateStep(PROMPT);
  await engine.dispose();
  return values;
}

const float = (name: string, ...dims: (number | string)[]) => ({ name, elementType: ElementType.FLOAT, dims });
const whole = (name: string, ...dims: (number | string)[]) => ({ name, elementType: ElementType.INT64, dims });

describe('a model that is no decoder of text', () => {
  const foreign: readonly (readonly [string, UnsupportedReason, ValueInfo])[] = [
    ['a vision model', 'vision', float('pixel_values', 'batch', 3, 224, 224)],
    ['a model of sound', 'audio', float('input_features', 'batch', 80, 'frames')],
    ['a decoder beside an encoder', 'encoder-decoder', float('encoder_hidden_states', 'batch', 'length', 8)],
    ['one with the encoder’s keys', 'encoder-decoder', float('past_key_values.0.encoder.key', 1, 2, 'length', 4)],
    ['one that starts from vectors', 'vectors', float('inputs_embeds', 'batch', 'length', 8)],
    ['one that wants who knows what', 'input', float('mystery', 'batch', 'length', 8)],
    ['one that wants a number', 'input', whole('speed', 1)],
  ];
  it.each(foreign)('is refused: %s', async (_, reason, input) => {
    const error = await refusal(wanting(tiny, input));
    expect(error).toMatchObject({ code: 'unsupported-model', details: { reason, input: input.name } });
    expect(error.message).toContain(input.name);
  });

  it('is refused by a plain name, however the file spells it', async () => {
    const error = await refusal(wanting(tiny, float(`<img src=x onerror=alert(1)>\u0007${'x'.repeat(500)}`, 1, 1, 8)));
    expect(error.details['input']).toMatch(/^\?img src\?x onerror\?alert\?1\?\?\?x+…$/);
  });

  it('is refused when config.json says that it has an encoder', async () => {
    const files = { ...tiny, config: { ...tiny.config, is_encoder_decoder: true } };
    expect(await refusal(files)).toMatchObject({ details: { reason: 'encoder-decoder' } });
  });

  it('is refused without tokens, without logits, without a vocabulary', async () => {
    const ids = makeInt64('input_ids', PROMPT, [1, PROMPT.length]);
    const deaf = changed(tiny, (parts) => ({ ...parts, inputs: [], initializers: [...parts.initializers, ids] }));
    expect(await refusal(deaf)).toMatchObject({ code: 'unsupported-model', details: { reason: 'no-tokens' } });
    const hidden = changed(tiny, (parts) => ({ ...parts, outputs: ['ln_f'] }));
    expect(await refusal(hidden)).toMatchObject({ code: 'unsupported-model', details: { reason: 'no-logits' } });
    const mute = changed(tiny, (parts) => ({ ...parts, outputs: [] }));
    expect(await refusal(mute)).toMatchObject({ code: 'unsupported-model', details: { reason: 'no-logits' } });
    const { vocab_size: _, ...config } = NOT_UNDERSTOOD as Record<string, unknown>;
    expect(await refusal({ ...tiny, config })).toMatchObject({ details: { reason: 'no-vocabulary' } });
  });

  it('is refused when it reads in both directions, whether or not its attention is understood', async () => {
    const open = makeFloat32('causal', new Float32Array(TINY.n_positions ** 2), [TINY.n_positions, TINY.n_positions]);
    const encoder = changed(tiny, (parts) => ({
      ...parts,
      initializers: parts.initializers.map((tensor) => (tensor.name === 'causal' ? open : tensor)),
    }));
    const expected = { code: 'unsupported-model', details: { reason: 'bidirectional' } };
    expect(await refusal(encoder)).toMatchObject(expected);
    expect(await refusal({ ...encoder, config: NOT_UNDERSTOOD })).toMatchObject(expected);
  });

  it('is not one that is only laid out unusually', async () => {
    const expected = await logits(tiny);
    const renamed = changed(tiny, (parts) => ({
      ...parts,
      inputs: parts.inputs.map((input) => ({ ...input, name: 'tokens' })),
      nodes: parts.nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map((name) => (name === 'input_ids' ? 'tokens' : name)),
      })),
    }));
    const unusual = [
      { ...tiny, config: NOT_UNDERSTOOD },
      wanting(tiny, whole('token_type_ids', 'batch', 'length')),
      wanting(tiny, whole('num_logits_to_keep', 1)),
      renamed,
      { ...renamed, config: NOT_UNDERSTOOD },
    ];
    for (const files of unusual) expect(largestDifference(await logits(files), expected)).toBeLessThanOrEqual(1e-5);
  });
});

describe('damaged weights', () => {
  /** The model with one number of a tensor replaced. */
  function with1(name: string, index: number, value: number): ModelFiles {
    const weights = new Uint8Array([...tiny.external.values()][0]!).slice();
    const files = changed(tiny, (parts) => {
      const { data } = parts.initializers.find((tensor) => tensor.name === name)!;
      if (data.kind !== 'external') throw new Error(`${name} is not outside`);
      new DataView(weights.buffer).setFloat32(data.offset + 4 * index, value, true);
      return parts;
    });
    return { ...files, external: new Map([[[...tiny.external.keys()][0]!, weights]]) };
  }

  it.each([
    ['in a layer', 'h.1.attn.c_attn.weight', NaN],
    ['in the last norm', 'ln_f.weight', Infinity],
    // Its row is read by every logit of one token, in each lens cell.
    ['in the unembedding', 'wte', NaN],
  ])('are found when the model is opened: %s', async (_, name, value) => {
    expect(await refusal(with1(name, 5, value))).toMatchObject({ code: 'non-finite' });
    expect(await refusal({ ...with1(name, 5, value), config: NOT_UNDERSTOOD })).toMatchObject({ code: 'non-finite' });
  });
});

describe('a model without layers', () => {
  it('is opened for its logits alone, and says why', async () => {
    const engine = await createEngine(randomGpt2({ ...TINY, n_layer: 0 }));
    expect(engine.info.hooks).toEqual(['logits']);
    expect(engine.info.missing).toEqual([{ part: 'anatomy', reason: { code: 'no-layers', details: {} } }]);
    expect(await engine.generateStep(PROMPT)).toHaveLength(TINY.vocab_size);
    await engine.dispose();
  });
});
