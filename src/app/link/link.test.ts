import { describe, expect, it } from 'vitest';
import { findFigures } from '../figures/registry';
import { readLink, writeLink } from './link';
import type { LinkState } from './link-state';

const figures = findFigures().map(({ meta, entry }) => ({
  id: meta.id,
  settings: entry.settings,
  keeps: entry.keeps === true,
}));
const readFragment = (fragment: string) => readLink(fragment, figures);

const full: LinkState = {
  chapter: 'fact',
  fields: {
    prompt: 'La capitale de l’Égypte est 巴黎 &=#%+',
    answer: 'Le Caire|Cairo',
    foil: 'Paris',
    subject: [17, 23],
  },
  model: 'onnx-community/gpt2',
  backend: 'webgpu',
  chosen: {
    head: { layer: 5, head: 2 },
    column: 3,
    looker: 1,
    pins: [
      { depth: 6, position: 4 },
      { depth: 2.5, position: 0 },
    ],
  },
  figures: {
    lens: { settings: { shading: 'kl', midLayers: true }, kept: [] },
    emergence: {
      settings: { measure: 'logp' },
      kept: [
        { fields: { prompt: 'The capital of Spain is', answer: 'Madrid|madrid', foil: '' }, options: {} },
        { fields: { prompt: 'Zwei\nZeilen & mehr', answer: '', foil: 'Rom' }, options: { position: 3 } },
      ],
    },
    attention: { settings: { variant: 'rollout', drawing: 'arcs' }, kept: [] },
    continuation: {
      settings: { maxTokens: 40, temperature: 0.7, topK: 50, topP: 0.95, seed: 2 ** 31 - 1 },
      kept: [],
    },
  },
  unknown: [],
};

/** An answer kept for comparison, as a link holds it. */
const kept = (value: unknown): string => encodeURIComponent(JSON.stringify(value));

/** The same in a link as version 1 wrote it. */
const OLD =
  '#v=1&prompt=La+capitale+de+l%E2%80%99%C3%89gypte+est+%E5%B7%B4%E9%BB%8E+%26%3D%23%25%2B&answer=Le+Caire%7CCairo' +
  '&foil=Paris&subject=17-23&model=onnx-community%2Fgpt2&shade=kl&mid=1&curve=logp&attention=rollout&draw=arcs&head=5-2' +
  '&column=3&token=1&pin=6-4&pin=2.5-0&write=40-0.7-50-0.95-2147483647&backend=webgpu' +
  '&keep=The+capital+of+Spain+is%1FMadrid%7Cmadrid%1F&keep=Zwei%0AZeilen+%26+mehr%1F%1FRom%1F3';

describe('shared links', () => {
  it('come back as they were written', () => {
    expect(readFragment(writeLink(full))).toEqual({ kind: 'state', state: full });
  });

  it.each([
    [{ form: 'chat' }, '&form=chat'],
    [{ bos: true }, '&bos=1'],
    [{ bos: false }, '&bos=0'],
    [{ form: 'chat', bos: false }, '&form=chat&bos=0'],
  ] as const)('carry how the prompt is fed: %j', (options, written) => {
    const fields = { prompt: 'a b', answer: '', foil: '', ...options };
    const kept = [
      { fields: { prompt: 'c', answer: 'd|e', foil: 'f', ...options }, options: { position: 2 } },
      { fields: { prompt: 'c', answer: '', foil: '' }, options: {} },
    ];
    const state: LinkState = {
      chapter: 'fact',
      fields,
      model: 'atlas',
      chosen: { pins: [] },
      figures: { emergence: { settings: {}, kept } },
      unknown: [],
    };
    const link = writeLink(state);
    expect(link).toContain(`#v=2&prompt=a+b${written}&`);
    expect(readFragment(link)).toEqual({ kind: 'state', state });
  });

  it('leave out how the prompt is fed where that is as usual, and read it where it is spelled out', () => {
    const fields = { prompt: 'a', answer: '', foil: '', form: 'text' } as const;
    const state: LinkState = { ...full, fields, figures: {}, chosen: { pins: [] } };
    expect(writeLink(state)).not.toContain('form');
    expect(readFragment('#v=2&prompt=a&form=text')).toMatchObject({ kind: 'state', state: { fields } });
  });

  it('of version 1 still open', () => {
    expect(readFragment(OLD)).toEqual({ kind: 'state', state: full });
    const plain = readFragment('#v=1&prompt=a+b');
    expect(plain).toMatchObject({ kind: 'state', state: { model: 'atlas', fields: { prompt: 'a b' } } });
    for (const { settings, kept } of Object.values(plain.kind === 'state' ? plain.state.figures : {})) {
      expect([settings, kept]).toEqual([{}, []]);
    }
  });

  it.each([
    'hub:owner/name@main:q4f16',
    `hub:gpt2@${'0123456789abcdef'.repeat(2)}01234567:fp32`,
    'folder:Mein Modell:q8',
    'atlas@645',
  ])('carry the model %s', (model) => {
    expect(readFragment(writeLink({ ...full, model }))).toEqual({ kind: 'state', state: { ...full, model } });
  });

  it('leave out what is as usual', () => {
    const plain: LinkState = {
      chapter: 'fact',
      fields: { prompt: 'a b', answer: '', foil: '' },
      model: 'atlas',
      chosen: { pins: [] },
      figures: {},
      unknown: [],
    };
    expect(writeLink(plain)).toBe('#v=2&prompt=a+b');
    expect(readFragment('#v=2&prompt=a+b')).toEqual({ kind: 'state', state: plain });
  });

  it('name what this version does not know, and keep the rest', () => {
    const read = readFragment(
      '#v=2&prompt=a&chapter=astrology&lens.shading=rank&lens.colour=red&tracing.noise=3&lens.shading.x=1&lens.keep=%7B%7D',
    );
    expect(read).toMatchObject({ kind: 'state', state: { figures: { lens: { settings: { shading: 'rank' } } } } });
    expect(read.kind === 'state' && read.state.unknown).toEqual([
      'chapter astrology',
      'lens.colour',
      'tracing.noise',
      'lens.shading.x',
      'lens.keep',
    ]);
  });

  it('do not take a name that every object has for a setting, or a probe', () => {
    const names = [
      'lens.constructor',
      'lens.__proto__',
      'lens.toString',
      '__proto__.shading',
      'constructor.keep',
      '.x',
    ];
    const read = readFragment(`#v=2&prompt=a${names.map((name) => `&${name}=1`).join('')}`);
    expect(read).toMatchObject({ kind: 'state', state: { figures: {}, unknown: names } });
    expect(({} as Record<string, unknown>)['shading']).toBeUndefined();
  });

  it('carry lists whatever their texts hold', () => {
    const settings = { mean: true, first: 'hidden', together: ['0.1', '3.10', 'a,b "c"'] };
    const state: LinkState = { ...full, figures: { attention: { settings, kept: [] } } };
    expect(readFragment(writeLink(state))).toEqual({ kind: 'state', state });
  });

  it('keep nothing of a figure that keeps none', () => {
    const read = readFragment(`#v=2&prompt=a&lens.keep=${kept({ prompt: 'a' })}&continuation.keep=1`);
    expect(read).toMatchObject({ kind: 'state', state: { unknown: ['lens.keep', 'continuation.keep'] } });
  });

  it.each([
    '#v=2',
    '#v=2&prompt=a&lens.shading=<script>',
    '#v=2&prompt=a&lens.midLayers=yes',
    '#v=2&prompt=a&attention.together=1.2',
    '#v=2&prompt=a&attention.together=[1]',
    '#v=2&prompt=a&attention.together=',
    '#v=2&prompt=a&attention.together={"0":"1.2"}',
    '#v=2&prompt=a&continuation.maxTokens=501',
    '#v=2&prompt=a&continuation.maxTokens=2.5',
    '#v=2&prompt=a&continuation.temperature=NaN',
    '#v=2&prompt=a&emergence.keep=x',
    '#v=2&prompt=a&emergence.keep=%7B%22prompt%22%3A%22%22%7D',
    '#v=2&prompt=a&emergence.keep=%7B%22prompt%22%3A%22a%22%2C%22more%22%3A1%7D',
    '#v=2&prompt=a&emergence.keep=%7B%22prompt%22%3A%22a%22%2C%22options%22%3A%7B%22x%22%3A%5B%5D%7D%7D',
    `#v=2&prompt=a${'&emergence.keep=%7B%22prompt%22%3A%22a%22%7D'.repeat(6)}`,
    '#v=2&prompt=abc&subject=2-99',
    '#v=2&prompt=a&form=song',
    '#v=2&prompt=a&form=Chat',
    '#v=2&prompt=a&form=',
    '#v=2&prompt=a&form=<script>',
    '#v=2&prompt=a&form=__proto__',
    '#v=2&prompt=a&bos=2',
    '#v=2&prompt=a&bos=true',
    '#v=2&prompt=a&bos=',
    '#v=2&prompt=a&bos=01',
    `#v=2&prompt=a&emergence.keep=${kept({ prompt: 'a', form: 'song' })}`,
    `#v=2&prompt=a&emergence.keep=${kept({ prompt: 'a', bos: 1 })}`,
    `#v=2&prompt=a&emergence.keep=${kept({ prompt: 'a', bos: null })}`,
    `#v=2&prompt=a&emergence.keep=${kept({ prompt: 'a', subject: [0, 1] })}`,
    `#v=2&prompt=a&emergence.keep=${kept({ prompt: 'x'.repeat(20_001) })}`,
    `#v=2&prompt=a&emergence.keep=${kept(['a'])}`,
    `#v=2&prompt=a&emergence.keep=${kept(null)}`,
    '#v=2&prompt=a&emergence.keep=',
    `#v=2&prompt=a&answer=${'x'.repeat(20_001)}`,
    '#v=2&prompt=a&pin=1-2-3',
    '#v=2&prompt=a&column=-1',
    '#v=2&prompt=a&token=1e5',
    '#v=2&prompt=a&head=100001-0',
    '#v=2&prompt=a&model=constructor()',
    '#v=2&prompt=a&backend=',
    '#v=0&prompt=a',
    '#v=-1&prompt=a',
    '#v=2.0&prompt=a',
    '#v=02&prompt=a',
  ])('of version 2 are refused when broken or hostile: %.70s', (fragment) => {
    expect(readFragment(fragment)).toEqual({ kind: 'invalid' });
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
    '#v=1&prompt=a&model=atlas@main',
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
  ])('of version 1 are refused when broken or hostile: %.60s', (fragment) => {
    expect(readFragment(fragment)).toEqual({ kind: 'invalid' });
  });

  it('stay short: kept answers make way, the fact does not', () => {
    const ask = (prompt: string) => ({ fields: { prompt, answer: 'x', foil: '' }, options: {} });
    const long = ask('word '.repeat(500));
    const kept = [long, ask('short'), ask('a\u001fb'), long];
    const link = writeLink({ ...full, figures: { emergence: { settings: {}, kept } } });
    expect(link.length).toBeLessThan(4_000);
    const read = readFragment(link);
    expect(read.kind === 'state' && read.state.figures['emergence']!.kept).toEqual(kept.slice(0, 3));
    expect(read.kind === 'state' && read.state.fields).toEqual(full.fields);
  });

  it('say when they are newer than this version, or are none', () => {
    for (const version of [3, 10, 9999]) {
      expect(readFragment(`#v=${version}&prompt=a`)).toEqual({ kind: 'newer' });
      // Whatever else a newer one says.
      expect(readFragment(`#v=${version}&form=song&lens.shading=x`)).toEqual({ kind: 'newer' });
    }
    expect(readFragment('')).toEqual({ kind: 'none' });
    expect(readFragment('#')).toEqual({ kind: 'none' });
  });
});
