import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { randomGpt2 } from '../../tests/bench/random-gpt2';
import { changed } from '../../tests/fixtures/changed-model';
import { StrataError } from '../core/errors';
import { findAnatomy } from './anatomy';
import { hasEncoder } from './config';
import { makeNode } from './emit';
import { GraphView } from './graph';
import { scanModel } from './scan';

const FOLDER = fileURLToPath(new URL('../../tests/fixtures/layouts/xglm/', import.meta.url));
const view = new GraphView(scanModel(readFileSync(`${FOLDER}onnx/model.onnx`)), new Map());
const { attention_heads, num_layers, ...config } = JSON.parse(readFileSync(`${FOLDER}config.json`, 'utf8')) as Record<
  string,
  unknown
>;

/** What is wrong, or how many heads there are. */
function found(names: Readonly<Record<string, unknown>>): unknown {
  try {
    return findAnatomy(view, { ...config, ...names }).dims.n_heads;
  } catch (cause) {
    return StrataError.from(cause).details;
  }
}

describe('the number of heads and layers', () => {
  it.each(['attention_heads', 'decoder_attention_heads', 'num_attention_heads', 'n_head', 'num_heads', 'n_heads'])(
    'is read from %s',
    (name) => {
      expect([attention_heads, num_layers]).toEqual([4, 3]);
      expect(found({ [name]: 4 })).toBe(4);
      expect(found({ [name]: 6 })).toBe(6);
      expect(found({ [name]: 5 })).toEqual({ reason: 'uneven-heads', stated: 5, found: 24 });
    },
  );

  it('is the decoder’s own where an encoder stands in config.json too', () => {
    const both = { encoder_attention_heads: 2, encoder_layers: 1, num_hidden_layers: 1, num_attention_heads: 2 };
    expect(found({ ...both, decoder_attention_heads: 4, decoder_layers: 3 })).toBe(4);
    expect(found({ ...both, decoder_attention_heads: 4, decoder_layers: 2 })).toEqual({
      reason: 'layer-count',
      stated: 2,
      found: 3,
    });
  });

  it('is not known where nothing says it', () => {
    expect(found({})).toEqual({ reason: 'head-count-unknown' });
    expect(found({ attention_heads: 4, num_layers: 4 })).toEqual({ reason: 'layer-count', stated: 4, found: 3 });
  });
});

describe('a family whose stream is another', () => {
  const tiny = randomGpt2({
    name: 'tiny',
    n_layer: 2,
    n_head: 2,
    n_embd: 8,
    n_inner: 16,
    n_positions: 8,
    vocab_size: 24,
  });
  // Gemma 4 multiplies the whole stream between two layers.
  const files = changed(tiny, (parts) => ({
    ...parts,
    nodes: [
      ...parts.nodes.map((node) => (node.outputs[0] === 'h.0/post' ? { ...node, outputs: ['h.0/sum'] } : node)),
      makeNode('Mul', ['h.0/sum', 'f0.5'], ['h.0/post']),
    ],
  }));
  const scaled = new GraphView(scanModel(files.graph.bytes), files.external);

  it.each([
    ['broken-stream', {}],
    ['per-layer-inputs', { hidden_size_per_layer_input: 256 }],
    ['several-streams', { hidden_size_per_layer_input: 256, altup_num_inputs: 4 }],
    ['broken-stream', { hidden_size_per_layer_input: 0, altup_num_inputs: 1 }],
  ])('says so where config.json does: %s', (reason, stated) => {
    expect(() => findAnatomy(scaled, { ...tiny.config, ...stated })).toThrowError(
      expect.objectContaining({ code: 'unknown-anatomy', details: expect.objectContaining({ reason }) as object }),
    );
    // Where the stream is found, nothing of it is said.
    const plain = new GraphView(scanModel(tiny.graph.bytes), tiny.external);
    expect(findAnatomy(plain, { ...tiny.config, ...stated }).dims.n_layers).toBe(2);
  });
});

describe('a decoder without its encoder', () => {
  it.each([
    ['BART, mBART, Marian, Whisper', { encoder_layers: 6, decoder_layers: 6, is_encoder_decoder: false }, true],
    ['TrOCR', { decoder_layers: 12, cross_attention_hidden_size: 768 }, true],
    ['XGLM', config, false],
    ['GPT-2', { n_layer: 12 }, false],
  ])('is known by config.json: %s', (_, stated, expected) => {
    expect(hasEncoder(stated)).toBe(expected);
  });
});
