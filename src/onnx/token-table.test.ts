import { describe, expect, it } from 'vitest';
import { randomGpt2 } from '../../tests/bench/random-gpt2';
import { findAnatomy } from './anatomy';
import { GraphView } from './graph';
import { scanModel } from './scan';
import { buildTail } from './tail-header';
import { tokenTable } from './token-table';
import { buildTrunk, TOKEN_VECTORS } from './trunk-header';

const TINY = { name: 'tiny', n_layer: 1, n_head: 2, n_embd: 8, n_inner: 16, n_positions: 8, vocab_size: 24 };
const files = randomGpt2(TINY);
const view = new GraphView(scanModel(files.graph.bytes), files.external);
const anatomy = findAnatomy(view, files.config);
const NO_CACHES = { tensors: [], names: new Set<string>(), empty: new Set<string>() };

describe('a model whose table of token vectors is its unembedding too', () => {
  it('has it in the tail alone', () => {
    const trunk = scanModel(buildTrunk(view, anatomy, NO_CACHES, [...anatomy.sites.keys()], []).header.bytes).graph;
    expect(trunk.initializers.map(({ name }) => name)).not.toContain('wte');
    expect(trunk.inputs.map(({ name }) => name)).toContain(TOKEN_VECTORS);
    const tail = scanModel(buildTail(view, anatomy).header.bytes).graph;
    expect(tail.initializers.map(({ name }) => name)).toContain('wte');
  });

  it('has it turned where it is small, and reads a large one as it is stored', () => {
    const operators = (from: GraphView): string[] =>
      scanModel(buildTail(from, findAnatomy(from, files.config)).header.bytes).graph.nodes.map(({ op }) => op);
    expect(operators(view)).toContain('Transpose');
    const large = randomGpt2({ ...TINY, vocab_size: 600_000 });
    expect(operators(new GraphView(scanModel(large.graph.bytes), large.external))).not.toContain('Transpose');
  });

  it('gives the rows of tokens in their order', () => {
    const table = tokenTable(view, anatomy.embedding)!;
    const stored = new Float32Array(files.external.get('model.onnx_data')!.buffer);
    const { data } = view.constant('wte')!;
    const start = data.kind === 'external' ? data.offset / 4 : Number.NaN;
    const row = (id: number): number[] => [...stored.subarray(start + id * 8, start + (id + 1) * 8)];
    expect([...table.rows([5, 0, 23])]).toEqual([...row(5), ...row(0), ...row(23)]);
  });

  it('names a token that has none', () => {
    expect(() => tokenTable(view, anatomy.embedding)!.rows([24])).toThrow('There is no vector for token 24.');
  });
});
