import type { Component } from 'svelte';
import { render } from 'svelte/server';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import InWords from '../../../tests/fixtures/InWords.svelte';
import { prepared, smallInfo } from '../../../tests/fixtures/probe-input.ts';
import { StrataError } from '../../core/errors';
import type { Fact } from '../../core/fact';
import type { CallOptions, LoadProgress, LoadRequest, ProbeRequest } from '../../core/model-api';
import type { LoadNote, ModelInfo } from '../../core/model';
import LoadPanel from '../models/LoadPanel.svelte';
import AnatomyCard from '../models/AnatomyCard.svelte';
import Notices from './Notices.svelte';
import { Page } from './page.svelte';
import GalleryDialog from '../ask/GalleryDialog.svelte';
import Lead from '../ask/Lead.svelte';
import LeadTerms from '../ask/LeadTerms.svelte';
import TokenPanel from '../ask/TokenPanel.svelte';
import VerdictPanel from '../verdict/VerdictPanel.svelte';

/** A model that loads or not as a test says, and knows as many tokens of any prompt. */
const model = vi.hoisted(() => ({
  loads: [] as string[],
  probes: [] as string[],
  noWebGpu: false,
  endless: false,
  notes: [] as LoadNote[],
  change: {} as Partial<ModelInfo>,
  tokens: 3,
}));

vi.mock('../../client/model-client', () => ({
  ModelClient: class {
    load({ backend }: LoadRequest, { signal, onProgress }: CallOptions<LoadProgress> = {}) {
      model.loads.push(backend);
      for (const note of model.notes) onProgress?.({ stage: 'note', note });
      if (model.noWebGpu && backend === 'webgpu') {
        return Promise.reject(new StrataError('backend-unavailable', '', { backend }));
      }
      if (model.endless) {
        return new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(new StrataError('cancelled', ''))),
        );
      }
      const hooks = ['logit_lens', 'blocks.0.attn.hook_pattern'];
      return Promise.resolve({ ...smallInfo(), hooks, ...model.change });
    }
    prepare(fact: Fact) {
      const ids = Array.from({ length: model.tokens }, () => 1);
      const tokensOver = Math.max(0, ids.length - (model.change.limits?.tokens ?? 16));
      return Promise.resolve({ ...prepared(ids), fact, tokensOver });
    }
    runProbe({ probe }: ProbeRequest) {
      model.probes.push(probe);
      return Promise.reject(new StrataError('run-failed', ''));
    }
  },
}));

const stored = new Map<string, string>();
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
let undo: (() => void) | undefined;

async function open(): Promise<Page> {
  const page = new Page();
  page.settings.tourSeen = true;
  undo = page.start();
  await settled();
  return page;
}

/** What a component shows of a page, as text. */
function shown<Props extends Record<string, unknown>>(component: Component<Props>, props: Props): string {
  const { body } = render(InWords, { props: { of: component as Component<Record<string, unknown>>, with: props } });
  return body
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

const load = (page: Page): string => shown(LoadPanel, { page });
const notices = (page: Page): string => shown(Notices, { page, link: undefined, onlinkclose: () => undefined });

beforeEach(() => {
  stored.clear();
  Object.assign(model, { loads: [], probes: [], noWebGpu: false, endless: false, notes: [], change: {}, tokens: 3 });
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
  vi.stubGlobal('location', { hash: '', href: 'http://localhost/' });
  const documentElement = { dataset: {}, toggleAttribute: () => false };
  vi.stubGlobal('document', { baseURI: 'http://localhost/', documentElement, querySelector: () => null });
  vi.stubGlobal('navigator', { onLine: true });
  vi.stubGlobal('crossOriginIsolated', true);
  vi.stubGlobal('history', { replaceState: () => undefined });
  const listen = { addEventListener: () => undefined, removeEventListener: () => undefined };
  vi.stubGlobal('history', { replaceState: () => undefined, pushState: () => undefined });
  vi.stubGlobal('matchMedia', () => ({ matches: false, ...listen }));
  vi.stubGlobal('getComputedStyle', () => ({ fontSize: '16px' }));
  for (const [name, does] of Object.entries(listen)) vi.stubGlobal(name, does);
  vi.stubGlobal('fetch', () => Promise.reject(new Error('no ledger here')));
});

afterEach(() => {
  undo?.();
  vi.unstubAllGlobals();
});

describe('WebGPU where there is none', () => {
  it('gives way at the start by itself, says so and is forgotten, when it was remembered', async () => {
    stored.set('strata:backend', '"webgpu"');
    model.noWebGpu = true;
    const page = await open();
    expect(model.loads).toEqual(['webgpu', 'auto']);
    expect([page.model.session.status.kind, page.settings.backend]).toEqual(['ready', 'auto']);
    expect(stored.get('strata:backend')).toBe('"auto"');
    expect(notices(page)).toContain('WebGPU, which you chose earlier, could not be used here');
  });

  it('is refused with one button that goes on with WASM, when it was chosen just now', async () => {
    const page = await open();
    model.noWebGpu = true;
    page.settings.backend = 'webgpu';
    await page.model.reload();
    expect(model.loads).toEqual(['auto', 'webgpu']);
    expect(load(page)).toContain('Use WASM instead');
    expect(load(page)).not.toContain('Try again');
    await page.model.useWasm();
    expect([page.model.session.status.kind, page.settings.backend]).toEqual(['ready', 'wasm']);
    expect(stored.get('strata:backend')).toBe('"wasm"');
  });
});

describe('a first download', () => {
  it('can be paused and goes on from there', async () => {
    model.endless = true;
    const page = await open();
    expect(load(page)).toMatch(/Pause$/);
    page.model.session.cancel();
    await settled();
    expect(load(page)).toMatch(/Paused What has arrived is kept.* Continue$/);
    model.endless = false;
    await page.model.retry();
    expect(page.model.session.status.kind).toBe('ready');
  });
});

describe('what a load has to say', () => {
  const fallback: LoadNote = { code: 'backend-fallback', details: { error: 'session-failed' } };

  it('stands there once, and says nothing against working offline', async () => {
    model.change = { backendNote: fallback };
    const page = await open();
    page.shell = { shell: 'ready', update: 'none' };
    expect(notices(page).split('so it runs on WASM').length).toBe(2);
    expect(page.offlineReady).toBe(true);
  });

  it('a full disk does: the model is in memory only', async () => {
    model.notes = [
      { code: 'storage-full', details: {} },
      { code: 'storage-full', details: {} },
    ];
    const page = await open();
    page.shell = { shell: 'ready', update: 'none' };
    expect(notices(page).split('There is no room').length).toBe(2);
    expect(page.offlineReady).toBe(false);
  });

  it('is not said again once it was put away', async () => {
    model.change = { backendNote: fallback };
    stored.set('strata:known-notes', JSON.stringify([JSON.stringify(['backend-fallback', fallback.details, 'atlas'])]));
    expect(notices(await open())).toBe('');
  });
});

describe('the length of a prompt', () => {
  const limits = { tokens: 1000, reason: 'memory', attentionTokens: 500 } as const;

  it('is limited beforehand by memory, and the place is marked wherever it lies', async () => {
    model.change = { limits };
    const page = await open();
    expect(shown(TokenPanel, { page })).toContain('3 of about 1,000 tokens that there is memory for');
    model.tokens = 2000;
    await page.fact.probe({ prompt: 'long', answer: '', foil: '' });
    expect(shown(TokenPanel, { page })).toMatch(/… 700 before .* from here on too long .* … 700 more/);
    expect(shown(VerdictPanel, { page })).toContain(
      '1,000 tokens too long: beside this model there is memory for about',
    );
  });

  it('leaves attention out, and says so, where only its patterns have no room', async () => {
    model.change = { limits };
    const page = await open();
    expect(model.probes).toContain('attention');
    model.probes.length = 0;
    model.tokens = 600;
    await page.fact.probe({ prompt: 'longer', answer: '', foil: '' });
    expect(model.probes).toContain('lens');
    expect(model.probes).not.toContain('attention');
    expect(shown(TokenPanel, { page })).toContain('they are shown up to about 500. Lens and curve are not affected');
  });

  it('is what the model reads, where memory has room for it', async () => {
    const page = await open();
    expect(shown(TokenPanel, { page })).toContain('3 of 16 tokens');
  });
});

describe('the first words', () => {
  it('say what the page is for, and what is meant by the words and marks that are on it', async () => {
    expect(shown(Lead, { page: await open() })).toMatch(/^A language model guesses which word comes next\./);
    expect(shown(LeadTerms, { page: await open() })).toMatch(/^Words on this page: token layer embedding/);
    model.change = { dims: { ...smallInfo().dims, n_layers: 0 } };
    expect(shown(LeadTerms, { page: await open() })).not.toMatch(/embedding/);
  });

  it('promise no taught facts of a model of which it is not known what it was taught', async () => {
    const page = await open();
    expect(page.ledger.ledger).toBe('none');
    const gallery = shown(GalleryDialog, { page });
    expect(gallery).toContain('Facts to try');
    expect(gallery).not.toContain('some it was not');
  });
});

describe('the anatomy card', () => {
  const card = (change: Partial<ModelInfo>): string => shown(AnatomyCard, { info: { ...smallInfo(), ...change } });

  it('tells measured memory from the estimate', () => {
    const text = card({ memory: { runtimeBytes: 200e6, fileBytes: 50e6 } });
    expect(text).toMatch(/Memory to open up to .* \(estimate\)/);
    expect(text).toMatch(
      /Memory in use 250\.0.MB \(measured after loading: runtime 200\.0.MB, the model itself 50\.0.MB\)/,
    );
    expect(card({})).not.toContain('measured');
  });

  it('says what a decoder without its encoder was made for', () => {
    expect(card({ withoutItsEncoder: true })).toContain('made to write about what an encoder has read');
    expect(card({})).not.toContain('encoder');
  });

  it('says what the files are, so that sizes beside one another agree', () => {
    const memory = { runtimeBytes: 200e6, fileBytes: 6.9e6 };
    const sizes = (source: 'bundled' | 'folder') => {
      const provenance = { ...smallInfo().provenance, source, bytes: 9.9e6 };
      return /Files (9\.9.*?MB) Memory/.exec(card({ memory, provenance }).replaceAll(/\s+/g, ' '))?.[1];
    };
    const files = (rest: string) =>
      `9.9 MB: the model itself 6.9 MB, what comes with it (tokenizer, settings${rest}) 3.0 MB`;
    expect(sizes('folder')).toBe(files(''));
    expect(sizes('bundled')).toBe(files(', ledger of what it was taught'));
  });

  it('says whether WebGPU was compared, and how long a prompt may be', () => {
    const text = card({
      selfCheck: { kind: 'not-compared', reason: 'too-large', bytes: 9e8 },
      limits: { tokens: 900, reason: 'memory', attentionTokens: 400 },
    });
    expect(text).toContain('WebGPU against WASM not compared on this device, because');
    expect(text).toContain('about 900 tokens: more do not fit into memory; attention up to about 400');
  });
});
