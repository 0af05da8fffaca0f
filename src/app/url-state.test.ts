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
    `#${'x'.repeat(70_000)}`,
    `#v=1&prompt=a${'&pin=1-1'.repeat(51)}`,
    '#%E0%A4%A',
  ])('are refused when broken or hostile: %.60s', (fragment) => {
    expect(readFragment(fragment)).toEqual({ kind: 'invalid' });
  });

  it('say when they are newer than this version, or are none', () => {
    expect(readFragment('#v=2&prompt=a')).toEqual({ kind: 'newer' });
    expect(readFragment('')).toEqual({ kind: 'none' });
    expect(readFragment('#')).toEqual({ kind: 'none' });
  });
});
