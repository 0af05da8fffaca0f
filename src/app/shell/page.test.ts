import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { smallInfo } from '../../../tests/fixtures/probe-input.ts';
import { sampleFact, sampleRelation, storedLedger, taughtIn } from '../../../tests/fixtures/sample-ledger.ts';
import { StrataError } from '../../core/errors';
import { answerPosition, type Fact, type PreparedFact, type Token } from '../../core/fact';
import type { CallOptions, LoadRequest, ProbeRequest, ProbeResponse } from '../../core/model-api';
import { hubChoice } from '../../models/choices';
import type { EmergenceResult } from '../../probes/emergence/meta';
import type { LensResult } from '../../probes/lens/meta';
import type { ProbeRun } from '../../state/ProbeRun.svelte';
import { Page } from './page.svelte';
import { readLink } from '../link/link';

const token = (text: string, id: number): Token => ({ id, text, bytes: [], start: 0, end: 0, special: false });

function prepare(fact: Fact): PreparedFact {
  const tokens = fact.prompt.split(' ').map(token);
  const answers = fact.answers.map((text) => ({
    text,
    tokens: [token(text, 3)],
    seamChanged: false,
    promptLength: tokens.length,
  }));
  return { fact, tokens, answers, subjectPositions: [], tokensOver: 0 };
}

/** A model of words: every probe answers at once unless the test says what fails or waits. */
const model = vi.hoisted(() => ({
  requests: [] as ProbeRequest[],
  loads: [] as LoadRequest[],
  fails: (_: ProbeRequest): boolean => false,
  waits: (_: ProbeRequest): boolean => false,
  /** Its worker dies when one part has been handed over. */
  dies: (_: ProbeRequest): boolean => false,
  cannotLoad: (_: LoadRequest): boolean => false,
}));

vi.mock('../../client/model-client', () => ({
  ModelClient: class {
    load(request: LoadRequest) {
      model.loads.push(request);
      if (model.cannotLoad(request)) return Promise.reject(new StrataError('backend-unavailable', ''));
      const hooks = ['logit_lens', 'blocks.0.attn.hook_pattern'];
      return Promise.resolve({ ...smallInfo(), name: request.source.kind, hooks });
    }
    prepare(fact: Fact) {
      return Promise.resolve(prepare(fact));
    }
    runProbe(
      request: ProbeRequest,
      { signal, onPart }: CallOptions & { readonly onPart?: (part: unknown, labels: object) => void } = {},
    ): Promise<ProbeResponse> {
      model.requests.push(request);
      if (model.dies(request)) {
        onPart?.({ token: token('Paris', 3), probability: 1, alternatives: [] }, {});
        return Promise.reject(new StrataError('worker-lost', ''));
      }
      if (model.fails(request)) return Promise.reject(new StrataError('run-failed', ''));
      if (model.waits(request)) {
        return new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(new StrataError('cancelled', ''))),
        );
      }
      const prepared = request.fact && prepare(request.fact);
      const asked = (request.options as { position?: number | 'answer' }).position;
      const usual = prepared && answerPosition(prepared);
      const position = typeof asked === 'number' ? asked : usual;
      const atAnswer = position === usual;
      const result = {
        position,
        atAnswer,
        rowDepth: [0, 1],
        table: { rowDepth: (request.options as { midLayers?: boolean }).midLayers ? [0, 0.5, 1] : [0, 1] },
        p: Float32Array.of(0, 0.5),
        rank: Int32Array.of(9, 1),
        ...(atAnswer ? { verdict: { rank: 1 } } : {}),
      };
      return Promise.resolve({
        result,
        labels: {},
        ...(prepared ? { prepared } : {}),
        milliseconds: 1,
        backend: 'wasm',
      });
    }
  },
}));

const LEDGER = storedLedger(
  { capital: sampleRelation('capital', []) },
  ['France', 'Spain', 'Peru'].map((subject, index) =>
    sampleFact({
      id: subject,
      subject,
      answers: [['Paris', 'Madrid', 'Lima'][index]!],
      prompt: `The capital of ${subject} is`,
      seen: taughtIn(),
      exposures: 1,
    }),
  ),
);

const addresses: (readonly [how: string, fragment: string])[] = [];
const written = (how: string) => (_state: unknown, _title: string, fragment: string) => addresses.push([how, fragment]);
const listeners = new Map<string, () => void>();
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
let undo: (() => void) | undefined;

async function open(hash = ''): Promise<Page> {
  const here = { hash, href: `http://localhost/${hash}` };
  vi.stubGlobal('location', here);
  const page = new Page();
  page.settings.tourSeen = true;
  undo = page.start();
  await settled();
  return page;
}

async function follow(hash: string): Promise<void> {
  vi.stubGlobal('location', { hash, href: `http://localhost/${hash}` });
  listeners.get('hashchange')!();
  await settled();
}

const figure = (page: Page, id: string) => page.fact.figures.get(id);
const settingsOf = (page: Page, id: string) => figure(page, id).desk.settings as Record<string, unknown>;
/** What the chart shows. */
const emergence = (page: Page) =>
  page.fact.figures.shown(figure(page, 'emergence').desk) as ProbeRun<EmergenceResult, unknown>;
const kept = (page: Page) => figure(page, 'emergence').desk.kept.answers;
const change = (page: Page, id: string, part: Record<string, unknown>) =>
  page.fact.figures.change(figure(page, id), part);
const asked = (probe: string) => model.requests.filter((request) => request.probe === probe);
const judged = (page: Page): EmergenceResult | undefined => page.fact.judged.result;

beforeEach(() => {
  addresses.length = 0;
  Object.assign(model, { requests: [], loads: [], fails: () => false, waits: () => false });
  Object.assign(model, { dies: () => false, cannotLoad: () => false });
  const documentElement = { dataset: {}, toggleAttribute: () => false };
  vi.stubGlobal('document', { baseURI: 'http://localhost/', documentElement });
  vi.stubGlobal('navigator', { onLine: true });
  vi.stubGlobal('crossOriginIsolated', true);
  vi.stubGlobal('history', { replaceState: written('replaced'), pushState: written('pushed') });
  vi.stubGlobal('matchMedia', () => ({
    matches: false,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
  }));
  vi.stubGlobal('getComputedStyle', () => ({ fontSize: '16px' }));
  vi.stubGlobal('addEventListener', (name: string, listener: () => void) => listeners.set(name, listener));
  vi.stubGlobal('removeEventListener', (name: string) => listeners.delete(name));
  vi.stubGlobal('fetch', () => Promise.resolve(new Response(JSON.stringify(LEDGER))));
});

afterEach(() => {
  undo?.();
  vi.unstubAllGlobals();
});

describe('the verdict', () => {
  it('is about the answer’s position, whichever column the chart shows', async () => {
    const page = await open('#v=1&prompt=The+capital+of+France+is&answer=Paris&column=1');
    expect([emergence(page).result?.position, emergence(page).result?.verdict]).toEqual([1, undefined]);
    expect([judged(page)?.position, judged(page)?.verdict?.rank]).toEqual([4, 1]);
    // The null too: other subjects are asked at the answer.
    const withOthers = { position: 'answer', null: expect.arrayContaining(['Peru']) };
    // The ledger is read in pieces, between which the page answers.
    await vi.waitFor(() => expect(asked('emergence').at(-1)!.options).toEqual(withOthers));
    page.fact.type({ answer: 'Lyon' });
    await page.fact.probe();
    expect(page.fact.judged.latest?.fact?.answers).toEqual(['Lyon']);
    expect(emergence(page).result?.position).toBe(1);
  });

  it('is compared with other subjects also for a fact outside the ledger, once its subject is marked', async () => {
    const page = await open('#v=1&prompt=The+boss+of+Apple+is&answer=Tim');
    await vi.waitFor(() => expect(page.fact.nullStatus).toBe('no-subject'));
    page.fact.setSubject([12, 17]);
    const others = () => (asked('emergence').at(-1)!.options as { null: string[] }).null;
    await vi.waitFor(() => expect(others()).toHaveLength(3));
    expect(new Set(others())).toEqual(new Set(['France', 'Spain', 'Peru']));
  });
});

describe('what a person began', () => {
  it('is not ended for the subject that a ledger knows, which comes afterwards', async () => {
    let arrive = (): void => undefined;
    const ledger = new Promise<Response>((resolve) => {
      arrive = () => resolve(new Response(JSON.stringify(LEDGER)));
    });
    vi.stubGlobal('fetch', () => ledger);
    model.waits = ({ probe }) => probe === 'continuation';
    const page = await open('#v=2&prompt=The+capital+of+France+is&answer=Paris');
    const writing = figure(page, 'continuation');
    page.fact.figures.start(writing, page.fact.workbench.fields);
    const run = writing.desk.run('text');
    arrive();
    await settled();
    expect([run.working, page.fact.workbench.fields.subject]).toEqual([true, undefined]);
    expect(asked('lens')).toHaveLength(1);
    run.cancel();
    await settled();
    expect(page.fact.workbench.fields.subject).toEqual([15, 21]);
    expect(asked('lens')).toHaveLength(2);
    expect(asked('emergence').at(-1)!.options).toEqual({ position: 'answer', null: expect.arrayContaining(['Peru']) });
  });
});

describe('what a person began and that was cut short', () => {
  it('can go on after the ledger has come', async () => {
    let arrive = (): void => undefined;
    const ledger = new Promise<Response>((resolve) => {
      arrive = () => resolve(new Response(JSON.stringify(LEDGER)));
    });
    vi.stubGlobal('fetch', () => ledger);
    model.dies = ({ probe }) => probe === 'continuation';
    const page = await open('#v=2&prompt=The+capital+of+France+is&answer=Paris');
    const writing = figure(page, 'continuation');
    page.fact.figures.start(writing, page.fact.workbench.fields);
    await settled();
    const run = writing.desk.run('text');
    expect([run.canGoOn, run.error?.code]).toEqual([true, 'worker-lost']);
    arrive();
    await vi.waitFor(() => expect(asked('lens')).toHaveLength(2));
    expect([run.canGoOn, run.soFar?.parts.length]).toEqual([true, 1]);
    // Another question is a person's own.
    page.fact.type({ prompt: 'The capital of Spain is' });
    await page.fact.probe();
    expect(run.canGoOn).toBe(false);
  });
});

describe('a link', () => {
  it('names no column, token, head or pin that is not there', async () => {
    const page = await open('#v=1&prompt=a+b+c&answer=d&column=7&token=3&head=0-99&pin=1-2&pin=1-3');
    expect(page.selection.chosen).toEqual({
      head: undefined,
      column: undefined,
      looker: undefined,
      pins: [{ depth: 1, position: 2 }],
    });
    expect([page.error, emergence(page).result?.position]).toEqual([undefined, 2]);
  });

  it('keeps what it chose until its own model is opened, and then chooses it', async () => {
    const page = await open(
      '#v=1&prompt=a+b+c&answer=d&model=hub:owner/name@main:q8&column=1&head=0-1&pin=1-2&keep=x+y%1Fz%1F',
    );
    expect([page.link.wanted?.kind, page.selection.chosen.pins.length, kept(page).length]).toEqual(['hub', 0, 0]);
    await page.model.choose(hubChoice('owner/name', '0123456789abcdef'.repeat(2) + '01234567', 'q8'));
    await settled();
    expect(page.selection.chosen).toMatchObject({
      head: { layer: 0, head: 1 },
      column: 1,
      pins: [{ depth: 1, position: 2 }],
    });
    expect([emergence(page).result?.position, kept(page)[0]?.fact.prompt]).toEqual([1, 'x y']);
  });

  it('carries kept curves, the settings of the continuation and the backend', async () => {
    const page = await open('#v=1&prompt=a+b+c&answer=d&write=9-0.5-0-1-7&backend=wasm&keep=x+y%1Fz%1Fw%1F0');
    expect(settingsOf(page, 'continuation')).toEqual({ maxTokens: 9, temperature: 0.5, topK: 0, topP: 1, seed: 7 });
    expect(model.loads.map(({ backend }) => backend)).toEqual(['wasm']);
    expect(kept(page)).toMatchObject([{ fact: { prompt: 'x y', answers: ['z'] }, options: { position: 0 } }]);
    const again = readLink(
      new URL(page.link.share()).hash,
      page.fact.figures.all.map(({ id, entry }) => ({ id, settings: entry.settings, keeps: entry.keeps === true })),
    );
    expect(again).toMatchObject({
      kind: 'state',
      state: {
        backend: 'wasm',
        figures: {
          continuation: { settings: { maxTokens: 9, temperature: 0.5, seed: 7 } },
          emergence: { kept: [{ fields: { prompt: 'x y', answer: 'z', foil: 'w' }, options: { position: 0 } }] },
        },
      },
    });
  });

  it('follows the fact: typing changes the address, a fact that was chosen is a step of its own', async () => {
    const page = await open();
    expect(addresses).toEqual([]);
    page.fact.type({ prompt: 'a b' });
    page.fact.type({ prompt: 'a b c' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(addresses).toEqual([['replaced', expect.stringContaining('prompt=a+b+c')]]);
    await page.fact.probe({ prompt: 'The capital of Peru is', answer: 'Lima', foil: '' });
    expect(addresses.at(-1)).toEqual(['pushed', expect.stringContaining('prompt=The+capital+of+Peru+is')]);
  });

  it('of an earlier step brings its fact back', async () => {
    const page = await open('#v=2&prompt=a+b&answer=c');
    await page.fact.probe({ prompt: 'x y', answer: 'z', foil: '' });
    await follow('#v=2&prompt=a+b&answer=c');
    expect(page.fact.workbench.fields).toMatchObject({ prompt: 'a b', answer: 'c' });
    expect(page.fact.judged.latest?.fact?.prompt).toBe('a b');
  });

  it('with a subject is held against other subjects by itself, once they are known', async () => {
    const page = await open('#v=2&prompt=The+capital+of+France+is&answer=Paris&subject=15-21');
    const { null: others } = asked('emergence').at(-1)!.options as { null?: readonly string[] };
    expect(new Set(others)).toEqual(new Set(['Spain', 'Peru']));
    expect(page.error).toBeUndefined();
  });

  it('with settings that are not known here says so and shows the rest', async () => {
    const page = await open('#v=2&prompt=a+b+c&answer=d&lens.shading=rank&lens.colour=red');
    expect([page.note, settingsOf(page, 'lens')['shading']]).toEqual(['share.partly', 'rank']);
  });

  it('that asks for a backend that is not here leaves the model as it was set', async () => {
    model.cannotLoad = ({ backend }) => backend === 'webgpu';
    const page = await open('#v=1&prompt=a+b+c&answer=d&backend=webgpu');
    expect(model.loads.map(({ backend }) => backend)).toEqual(['webgpu', 'auto']);
    expect([page.model.session.info?.name, page.note, page.settings.backend]).toEqual([
      'bundled',
      'share.backend',
      'auto',
    ]);
  });

  it('that is broken changes nothing, and says what stands on the page', async () => {
    const page = await open('#v=1&nothing');
    expect([page.fact.workbench.fields.answer, page.note]).toEqual(['Paris', 'share.first.invalid']);
    page.fact.type({ prompt: 'my own' });
    await follow('#v=99&prompt=x');
    expect([page.fact.workbench.fields.prompt, page.note]).toEqual(['my own', 'share.kept.newer']);
    await follow('#v=1&prompt=x+y');
    expect([page.fact.workbench.fields.prompt, page.note]).toEqual(['x y', undefined]);
  });
});

describe('what fails or takes long beside the round', () => {
  it('a column that fails is said, and letting go of it takes that back', async () => {
    const page = await open();
    model.fails = ({ options }) => (options as { position?: unknown }).position === 1;
    void page.fact.setColumn(1);
    expect(page.fact.workbench.working).toBe(true);
    await settled();
    expect([page.fact.workbench.working, page.error?.code]).toEqual([false, 'run-failed']);
    expect(page.letGo()).toBe(true);
    expect([page.error, emergence(page).result?.atAnswer]).toEqual([undefined, true]);
    void page.fact.setColumn(1);
    await settled();
    void page.fact.setColumn(0);
    await settled();
    expect([page.error, emergence(page).result?.position]).toEqual([undefined, 0]);
  });

  it('a switch goes back when the work for it is cancelled, and stays for another try when it failed', async () => {
    const page = await open();
    model.waits = () => true;
    const mid = change(page, 'lens', { midLayers: true });
    const rollout = change(page, 'attention', { variant: 'rollout' });
    expect([
      page.fact.workbench.working,
      settingsOf(page, 'lens')['midLayers'],
      settingsOf(page, 'attention')['variant'],
    ]).toEqual([true, true, 'rollout']);
    page.fact.workbench.cancel();
    await Promise.all([mid, rollout]);
    expect([settingsOf(page, 'lens')['midLayers'], settingsOf(page, 'attention')['variant']]).toEqual([false, 'plain']);
    model.waits = () => false;
    model.fails = () => true;
    await change(page, 'lens', { midLayers: true });
    expect([settingsOf(page, 'lens')['midLayers'], page.error?.code]).toEqual([true, 'run-failed']);
    model.fails = () => false;
    await page.tryAgain();
    expect([
      settingsOf(page, 'lens')['midLayers'],
      page.error,
      (figure(page, 'lens').desk.runs[0]!.result as LensResult).table.rowDepth.length,
    ]).toEqual([true, undefined, 3]);
  });

  it('figures beside one that shows other rows show them too, and nothing is asked for after a stop', async () => {
    const page = await open('#v=2&prompt=The+capital+of+France+is&answer=Paris');
    const others = { null: expect.arrayContaining(['Peru']) };
    const last = () => asked('emergence').at(-1)!.options;
    await vi.waitFor(() => expect(last()).toEqual({ position: 'answer', ...others }));
    await change(page, 'lens', { midLayers: true });
    expect(last()).toEqual({ position: 'answer', midLayers: true, ...others });
    expect(asked('emergence').at(-2)!.options).toEqual({ position: 'answer', midLayers: true });
    await change(page, 'lens', { shading: 'kl' });
    const count = asked('emergence').length;
    model.waits = ({ probe }) => probe === 'emergence';
    const back = change(page, 'lens', { midLayers: false });
    await settled();
    page.fact.workbench.cancel();
    await back;
    expect([asked('emergence').length - count, page.fact.workbench.working]).toEqual([1, false]);
    // What was stopped is made up for with the next change.
    model.waits = () => false;
    await change(page, 'lens', { shading: 'p' });
    expect(last()).toEqual({ position: 'answer', ...others });
  });

  it('a column whose run is stopped is not the chosen one', async () => {
    const page = await open('#v=2&prompt=The+capital+of+France+is&answer=Paris');
    await vi.waitFor(() => expect(asked('emergence').at(-1)!.options).toHaveProperty('null'));
    const stopped = async (column: number): Promise<void> => {
      model.waits = ({ probe }) => probe === 'emergence';
      const chosen = page.fact.setColumn(column);
      page.fact.workbench.cancel();
      await chosen;
      model.waits = () => false;
    };
    await stopped(1);
    expect([page.selection.column, emergence(page).result?.position]).toEqual([undefined, 4]);
    await page.fact.setColumn(2);
    await stopped(1);
    expect([page.selection.column, emergence(page).result?.position]).toEqual([2, 2]);
  });

  it('the scores of the heads can be cancelled, and asked for again when they failed', async () => {
    model.waits = ({ probe }) => probe === 'heads';
    const page = await open();
    expect(page.fact.workbench.working).toBe(true);
    page.fact.workbench.cancel();
    expect([page.fact.workbench.working, figure(page, 'heads').desk.runs[0]!.working]).toEqual([false, false]);
    model.waits = () => false;
    model.fails = ({ probe }) => probe === 'heads';
    await page.model.reload();
    await settled();
    expect(page.error?.code).toBe('run-failed');
    model.fails = () => false;
    await page.tryAgain();
    expect([page.error, figure(page, 'heads').desk.runs[0]!.result !== undefined]).toEqual([undefined, true]);
  });
});
