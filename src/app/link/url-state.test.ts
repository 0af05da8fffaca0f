import { describe, expect, it } from 'vitest';
import { readFragment, writeFragment, type SharedState } from './url-state';

const full: SharedState = {
  fields: {
    prompt: 'La capitale de l’Égypte est 巴黎 &=#%+',
    answer: 'Le Caire|Cairo',
    foil: 'Paris',
    subject: [17, 23],
  },
  model: 'onnx-community/gpt2',
  shading: 'kl',
  midLayers: true,
  measure: 'logp',
  variant: 'rollout',
  drawing: 'arcs',
  head: { layer: 5, head: 2 },
  column: 3,
  looker: 1,
  pins: [
    { depth: 6, position: 4 },
    { depth: 2.5, position: 0 },
  ],
  kept: [
    { prompt: 'The capital of Spain is', answer: 'Madrid|madrid', foil: '' },
    { prompt: 'Zwei\nZeilen & mehr', answer: '', foil: 'Rom', position: 3 },
  ],
  continuation: { maxTokens: 40, temperature: 0.7, topK: 50, topP: 0.95, seed: 2 ** 31 - 1 },
  backend: 'webgpu',
};

describe('shared links', () => {
  it('come back as they were written', () => {
    expect(readFragment(writeFragment(full))).toEqual({ kind: 'state', state: full });
  });

  it.each([
    'hub:owner/name@main:q4f16',
    `hub:gpt2@${'0123456789abcdef'.repeat(2)}01234567:fp32`,
    'folder:Mein Modell:q8',
  ])('carry the model %s', (model) => {
    expect(readFragment(writeFragment({ ...full, model }))).toEqual({ kind: 'state', state: { ...full, model } });
  });

  it('leave out what is as usual', () => {
    const plain: SharedState = {
      fields: { prompt: 'a b', answer: '', foil: '' },
      model: 'atlas',
      shading: 'p',
      midLayers: false,
      measure: 'p',
      variant: 'plain',
      drawing: 'matrix',
      pins: [],
      kept: [],
      continuation: { maxTokens: 20, temperature: 0, topK: 0, topP: 1, seed: 1 },
    };
    expect(writeFragment(plain)).toBe('#v=1&prompt=a+b');
    expect(readFragment('#v=1&prompt=a+b')).toEqual({ kind: 'state', state: plain });
  });

  it.each([
    '#v=1',
    '#prompt=x',
    '#v=x&prompt=a',
    '#v=1&prompt=a&shade=<script>',
    '#v=1&prompt=abc&subject=2-99',
    '#v=1&prompt=abc&subject=2-1',
    '#v=1&prompt=a&pin=1e9-2',
    '#v=1&prompt=a&pin=-1-2',
    '#v=1&prompt=a&pin=2-0.5',
    '#v=1&prompt=a&head=1',
    '#v=1&prompt=a&model=https://example.org/x',
    '#v=1&prompt=a&model=../../x/y',
    '#v=1&prompt=a&model=hub:a/../b@main:q8',
    '#v=1&prompt=a&model=hub:a/b@main:<img>',
    '#v=1&prompt=a&model=hub:a/b',
    '#v=1&prompt=a&model=folder:a%00b:q8',
    `#v=1&prompt=a&model=folder:${'x'.repeat(300)}:q8`,
    `#v=1&prompt=${'x'.repeat(20_001)}`,
    '#v=1&prompt=a&write=20-0-0-1',
    '#v=1&prompt=a&write=501-0-0-1-1',
    '#v=1&prompt=a&write=20-NaN-0-1-1',
    '#v=1&prompt=a&write=2.5-0-0-1-1',
    '#v=1&prompt=a&backend=cuda',
    '#v=1&prompt=a&backend=auto',
    '#v=1&prompt=a&keep=x',
    '#v=1&prompt=a&keep=%1Fa%1Fb',
    '#v=1&prompt=a&keep=x%1Fa%1Fb%1F-1',
    '#v=1&prompt=a&keep=x%1Fa%1Fb%1F1%1F2',
    `#v=1&prompt=a${'&keep=x%1F%1F'.repeat(6)}`,
    `#${'x'.repeat(70_000)}`,
    `#v=1&prompt=a${'&pin=1-1'.repeat(51)}`,
    '#%E0%A4%A',
  ])('are refused when broken or hostile: %.60s', (fragment) => {
    expect(readFragment(fragment)).toEqual({ kind: 'invalid' });
  });

  it('stay short: kept curves make way, the fact does not', () => {
    const long = { prompt: 'word '.repeat(500), answer: 'x', foil: '' };
    const short = { prompt: 'short', answer: 'x', foil: '' };
    const link = writeFragment({ ...full, kept: [long, short, { ...short, prompt: 'a\u001fb' }, long] });
    expect(link.length).toBeLessThan(4_000);
    const read = readFragment(link);
    expect(read.kind === 'state' && read.state.kept).toEqual([long, short]);
    expect(read.kind === 'state' && read.state.fields).toEqual(full.fields);
  });

  it('read back whatever was typed into the settings of the continuation', () => {
    const typed = { maxTokens: 2.5, temperature: 1e-7, topK: 1e9, topP: 0, seed: -1 };
    const read = readFragment(writeFragment({ ...full, continuation: typed }));
    expect(read).toMatchObject({
      kind: 'state',
      state: { continuation: { maxTokens: 3, temperature: 0, topK: 1000, topP: 0.01, seed: 0 } },
    });
  });

  it('say when they are newer than this version, or are none', () => {
    expect(readFragment('#v=2&prompt=a')).toEqual({ kind: 'newer' });
    expect(readFragment('')).toEqual({ kind: 'none' });
    expect(readFragment('#')).toEqual({ kind: 'none' });
  });
});
