import { describe, expect, it } from 'vitest';
import { bindCaches, withoutAppending, type CacheSizes } from './cache';
import { emitModel, makeInt, makeNode } from './emit';
import { GraphView } from './graph';
import { ElementType, type OnnxNode, type ValueInfo } from './onnx-model';
import { scanModel } from './scan';

const SIZES: CacheSizes = { d_head: 16, d_model: 32, convolution: 3 };
const IDS: ValueInfo = { name: 'ids', elementType: ElementType.INT64, dims: [1, 2, 'sequence', 16] };
const STREAM = makeNode('Cast', ['ids'], ['x'], [makeInt('to', ElementType.FLOAT)]);

function view(input: ValueInfo, nodes: readonly OnnxNode[], outputs: readonly string[]): GraphView {
  const empty = { nodes: [], initializers: [], inputs: [], outputs: [], values: [] };
  const model = {
    irVersion: 8,
    opsets: [{ domain: '', version: 17 }],
    functions: [],
    bytes: new Uint8Array(),
    graph: empty,
  };
  const { bytes } = emitModel(model, {
    nodes: [STREAM, ...nodes],
    initializers: [],
    inputs: [IDS, input],
    outputs,
  });
  return new GraphView(scanModel(bytes), new Map());
}

/** A graph that joins the input with the stream and gives both back. */
function appended(input: ValueInfo, outputs = ['y', 'present']): GraphView {
  const join = makeNode('Concat', [input.name, 'x'], ['present'], [makeInt('axis', 2)]);
  return view(input, [join, makeNode('Neg', ['present'], ['y'])], outputs);
}

const float = (name: string, ...dims: (number | string)[]): ValueInfo => ({
  name,
  elementType: ElementType.FLOAT,
  dims,
});
const bound = (graph: GraphView) => bindCaches(graph, graph.model.graph.inputs, SIZES);

describe('caches', () => {
  it.each([
    ['optimum', float('past_key_values.0.key', 'batch', 2, 'past_sequence_length', 16), [1, 2, 0, 16]],
    ['an unnamed width', float('past_key_values.0.value', 'batch', 2, 'past', 'kv_cache_dim'), [1, 2, 0, 16]],
    ['keys the other way round', float('past.0.key', 'batch', 2, 16, 'past_length'), [1, 2, 16, 0]],
    ['BLOOM', float('past_key_values.0.key', 'batch x heads', 16, 'past'), [1, 16, 0]],
    ['keys and values at once', float('past_0', 2, 'batch', 2, 'past_seq', 16), [2, 1, 2, 0, 16]],
    ['no shape', { name: 'past_key_values.0.key', elementType: ElementType.FLOAT }, [1, 0, 0, 16]],
    ['another name, but appended to and given back', float('memory', 1, 2, 'past', 16), [1, 2, 0, 16]],
  ])('are empty before the first token: %s', (_, input, dims) => {
    const graph = appended(input);
    const caches = bound(graph);
    expect(caches.tensors).toMatchObject([{ name: input.name, dims }]);
    expect(caches.empty).toEqual(new Set([input.name]));
    expect(withoutAppending(graph, caches)[1]).toMatchObject({ op: 'Identity', inputs: ['x'], outputs: ['present'] });
  });

  it('of a convolution are zeros that stay in their place', () => {
    for (const input of [float('past_conv.0', 'batch', 32, 3), float('past_conv.0', 'batch', 'width', 'kept')]) {
      const graph = appended(input);
      const caches = bound(graph);
      const [state] = caches.tensors;
      expect(state).toMatchObject({ dims: [1, 32, 3] });
      expect(state!.data).toEqual({ kind: 'bytes', bytes: new Uint8Array(4 * 32 * 3) });
      expect(withoutAppending(graph, caches).map(({ op }) => op)).toEqual(['Cast', 'Concat', 'Neg']);
    }
  });

  it('are not every input of floats', () => {
    for (const name of ['pixel_values', 'encoder_hidden_states', 'past_key_values.0.encoder.key', 'inputs_embeds']) {
      expect(bound(appended(float(name, 'batch', 3, 'past', 16))).names).toEqual(new Set());
    }
    // Joined with the stream, but nobody gets it back for the next token.
    expect(bound(appended(float('prefix', 1, 2, 'length', 16), ['y'])).names).toEqual(new Set());
  });

  it('that cannot be empty, or are of no known size, are refused by name', () => {
    const fixed = float('past_key_values.0.key', 1, 2, 128, 16);
    expect(() => bound(appended(fixed))).toThrow(/past_key_values\.0\.key/);
    const state = float('past_ssm.0', 'batch', 'width', 'kept');
    expect(() => bound(appended(state))).toThrow(/past_ssm\.0/);
    expect(() => bound(appended(float('past_conv.0', 1, 2 ** 20, 2 ** 10)))).toThrow(/too large/);
  });
});
