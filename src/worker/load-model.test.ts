import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ScriptedEngine } from '../../tests/fixtures/scripted-engine.ts';
import { StrataError } from '../core/errors';
import type { LoadProgress } from '../core/model-api';
import type { Backend, BackendChoice, ModelFiles } from '../core/model';
import type { KeptVerdicts } from '../engine/engine';
import type { KeptDocuments, ModelApiDeps, WebGpuSupport } from './deps';
import { load } from './load-model';

const MB = 2 ** 20;

/** Moved by steps alone: on a busy machine real time would tell which backend is faster by chance. */
let clock = 0;
beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => clock);
});
afterEach(() => vi.restoreAllMocks());

interface Case {
  readonly backend: BackendChoice;
  readonly bytes: number;
  readonly support: WebGpuSupport['kind'];
  readonly adapter?: string;
  /** Bytes of the graph, which tell models apart. */
  readonly graph?: readonly number[];
  /** Milliseconds a step takes. */
  readonly pace?: Readonly<Record<Backend, number>>;
  readonly fails?: Readonly<Partial<Record<Backend, StrataError>>>;
  /** Of both backends, or of one. */
  readonly logits?: readonly number[];
  readonly webgpuLogits?: readonly number[];
}

/** A device: what one load keeps there, the next one finds. */
class Device implements KeptDocuments {
  readonly documents = new Map<string, string>();

  read(key: string): Promise<unknown> {
    const text = this.documents.get(key);
    return Promise.resolve(text === undefined ? undefined : JSON.parse(text));
  }

  write(key: string, value: unknown): Promise<void> {
    this.documents.set(key, JSON.stringify(value));
    return Promise.resolve();
  }

  async attempt({ backend, bytes, support, adapter = 'gpu', graph = [1], pace, fails, logits, webgpuLogits }: Case) {
    let adapters = 0;
    const opened: Backend[] = [];
    const memories: KeptVerdicts[] = [];
    const engines: Partial<Record<Backend, ScriptedEngine>> = {};
    const progress: LoadProgress[] = [];
    const files = {
      dtype: 'fp32',
      provenance: { bytes },
      external: new Map(),
      graph: { bytes: new Uint8Array(graph) },
    };
    const deps: ModelApiDeps = {
      probes: new Map(),
      pause: () => Promise.resolve(),
      webgpu: () => {
        adapters++;
        return Promise.resolve({ kind: support, adapter });
      },
      checks: this,
      runtimeBytes: () => 5000,
      openModel: () => Promise.resolve(files as unknown as ModelFiles),
      openEngine: (_files, one, _call, kept) => {
        opened.push(one);
        memories.push(kept);
        const failure = fails?.[one];
        if (failure) return Promise.reject(failure);
        const engine = new ScriptedEngine({ backend: one });
        if (logits) engine.next = () => logits;
        if (one === 'webgpu' && webgpuLogits) engine.next = () => webgpuLogits;
        const step = engine.generateStep.bind(engine);
        engine.generateStep = (tokens) => {
          clock += pace?.[one] ?? 0;
          return step(tokens);
        };
        engines[one] = engine;
        return Promise.resolve(engine);
      },
    };
    const source = { kind: 'bundled', id: 'x' } as const;
    const { info } = await load({ source, backend }, deps, { onProgress: (one) => progress.push(one) });
    const checks = progress.filter((one) => one.stage === 'prepare' && one.step === 'self-check').length;
    return { opened, memories, engines, progress, info, checks, adapters };
  }
}

const attempt = (one: Case) => new Device().attempt(one);
const NO_KERNEL = new StrataError('session-failed', 'no kernel for IsNaN');
const SMALL = { backend: 'webgpu', bytes: 8 * MB, support: 'hardware' } as const;
const MIDDLE = { backend: 'auto', bytes: 400 * MB, support: 'hardware' } as const;
const LARGE = { backend: 'auto', bytes: 900 * MB, support: 'hardware' } as const;
const OTHER_LOGITS = [0, 1, 2, 3, 4, 5, 6, 7.1];

describe('the backend', () => {
  it('is WASM for a small model, without trying more', async () => {
    const { opened, info, adapters } = await attempt({ backend: 'auto', bytes: 8 * MB, support: 'hardware' });
    expect([opened, adapters]).toEqual([['wasm'], 0]);
    expect(info.backend).toBe('wasm');
    expect([info.backendNote, info.selfCheck]).toEqual([undefined, undefined]);
  });

  it('has a memory for what is found of a file, of its own for each file', async () => {
    const device = new Device();
    const memoryOf = async (graph: number) => {
      const { memories } = await device.attempt({ backend: 'auto', bytes: 8 * MB, support: 'none', graph: [graph] });
      return memories[0]!;
    };
    await (await memoryOf(1)).write('file/headers', 0.25);
    expect(await (await memoryOf(1)).read('file/headers')).toBe(0.25);
    expect(await (await memoryOf(1)).read('file/others')).toBeUndefined();
    expect(await (await memoryOf(2)).read('file/headers')).toBeUndefined();
  });

  it('is WASM where WebGPU draws on the processor', async () => {
    const { opened } = await attempt({ ...MIDDLE, support: 'software' });
    expect(opened).toEqual(['wasm']);
  });

  it('is the faster of the two for a large model, and the other is let go', async () => {
    const quick = await attempt({ ...MIDDLE, pace: { wasm: 40, webgpu: 2 } });
    expect(quick.info.backend).toBe('webgpu');
    expect(quick.engines.wasm!.disposed).toBe(1);
    const slow = await attempt({ ...MIDDLE, pace: { wasm: 2, webgpu: 40 } });
    expect(slow.info.backend).toBe('wasm');
    expect(slow.engines.webgpu!.disposed).toBe(1);
    expect(slow.info.backendNote).toBeUndefined();
  });

  it('falls back by itself and says why, once and as a code', async () => {
    const { info, progress } = await attempt({ ...MIDDLE, fails: { webgpu: NO_KERNEL } });
    expect(info.backend).toBe('wasm');
    const details = { error: 'session-failed', message: 'no kernel for IsNaN' };
    expect(info.backendNote).toEqual({ code: 'backend-fallback', details });
    expect(progress.filter(({ stage }) => stage === 'note')).toEqual([]);
  });

  it('falls back when WebGPU computes something else', async () => {
    const { info } = await attempt({ ...MIDDLE, pace: { wasm: 20, webgpu: 0 }, webgpuLogits: OTHER_LOGITS });
    expect(info.backend).toBe('wasm');
    expect(info.backendNote).toMatchObject({
      code: 'backend-fallback',
      details: { difference: expect.closeTo(0.1 / 7) },
    });
  });

  it('is WebGPU when that is asked for, with a note when the numbers disagree', async () => {
    const same = await attempt({ ...SMALL, support: 'software' });
    expect(same.info.backend).toBe('webgpu');
    expect(same.info.backendNote).toBeUndefined();
    expect(same.info.selfCheck).toEqual({ kind: 'same', difference: 0, when: 'now' });
    expect(same.engines.wasm!.disposed).toBe(1);
    const wrong = [0, 1, 2, 3, 4, 5, NaN, 7];
    const other = await attempt({ ...SMALL, webgpuLogits: wrong });
    expect(other.info.backend).toBe('webgpu');
    expect(other.info.backendNote).toEqual({ code: 'backend-disagrees', details: { difference: Infinity } });
  });

  it('is refused by name when there is none', async () => {
    const none = attempt({ ...SMALL, support: 'none' });
    await expect(none).rejects.toMatchObject({ code: 'backend-unavailable', details: { backend: 'webgpu' } });
  });

  it('leaves no session behind when WebGPU starts and then fails its check', async () => {
    const device = new Device();
    const refused = new StrataError('non-finite', 'NaN');
    const engines: ScriptedEngine[] = [];
    const make = ScriptedEngine.prototype.dispose;
    ScriptedEngine.prototype.dispose = function () {
      engines.push(this);
      return make.call(this);
    };
    try {
      const failing = {
        ...SMALL,
        webgpuLogits: {
          [Symbol.iterator]: () => {
            throw refused;
          },
        } as never,
      };
      await expect(device.attempt(failing)).rejects.toBe(refused);
    } finally {
      ScriptedEngine.prototype.dispose = make;
    }
    expect(engines.map(({ info }) => info.backend)).toEqual(['wasm', 'webgpu']);
  });
});

describe('the self-check', () => {
  it('is made once for a model and a graphics device, and its verdict is remembered', async () => {
    const device = new Device();
    const first = await device.attempt({ ...SMALL, webgpuLogits: OTHER_LOGITS });
    expect([first.opened, first.checks]).toEqual([['wasm', 'webgpu'], 2]);
    const again = await device.attempt({ ...SMALL, webgpuLogits: OTHER_LOGITS });
    expect([again.opened, again.checks]).toEqual([['webgpu'], 0]);
    expect(again.info.selfCheck).toMatchObject({ kind: 'different', when: 'before' });
    expect(again.info.backendNote).toEqual(first.info.backendNote);
    const otherDevice = await device.attempt({ ...SMALL, adapter: 'another' });
    expect([otherDevice.opened, otherDevice.info.selfCheck]).toMatchObject([['webgpu'], { kind: 'same', when: 'now' }]);
    const otherModel = await device.attempt({ ...SMALL, graph: [2] });
    expect([otherModel.opened, otherModel.info.selfCheck]).toMatchObject([['wasm', 'webgpu'], { kind: 'same' }]);
  });

  it('remembers values that are no numbers', async () => {
    const device = new Device();
    const wrong = { ...SMALL, webgpuLogits: [NaN, 1, 2, 3, 4, 5, 6, 7] };
    await device.attempt(wrong);
    const { info } = await device.attempt(wrong);
    expect(info.selfCheck).toEqual({ kind: 'different', difference: Infinity, when: 'before' });
  });

  it('compares and remembers logits of ids that are never written', async () => {
    const device = new Device();
    const padded = { ...SMALL, logits: [-Infinity, 1, 2, 3, 4, 5, 6, -Infinity] };
    const { info } = await device.attempt(padded);
    expect(info.selfCheck).toEqual({ kind: 'same', difference: 0, when: 'now' });
    // What WASM gave is read again, so it is not opened for another graphics device.
    const wrong = { ...padded, adapter: 'another', webgpuLogits: [-20, 1, 2, 3, 4, 5, 6, -Infinity] };
    const other = await device.attempt(wrong);
    expect([other.opened, other.info.selfCheck]).toMatchObject([
      ['webgpu'],
      { kind: 'different', difference: Infinity, when: 'now' },
    ]);
  });

  it('remembers which backend was faster, and opens no other', async () => {
    const device = new Device();
    await device.attempt({ ...MIDDLE, pace: { wasm: 40, webgpu: 2 } });
    expect((await device.attempt(MIDDLE)).opened).toEqual(['webgpu']);
    const lost = await device.attempt({ ...MIDDLE, fails: { webgpu: NO_KERNEL } });
    expect([lost.opened, lost.info.backendNote?.code]).toEqual([['webgpu', 'wasm'], 'backend-fallback']);
    const slow = new Device();
    await slow.attempt({ ...MIDDLE, pace: { wasm: 2, webgpu: 40 } });
    expect((await slow.attempt(MIDDLE)).opened).toEqual(['wasm']);
    const wrong = new Device();
    await wrong.attempt({ ...MIDDLE, webgpuLogits: OTHER_LOGITS });
    const known = await wrong.attempt({ ...MIDDLE, webgpuLogits: OTHER_LOGITS });
    expect([known.opened, known.info.backendNote?.code]).toEqual([['wasm'], 'backend-fallback']);
  });

  it('of a large file never holds two sessions, and says that it was not made', async () => {
    for (const backend of ['auto', 'webgpu'] as const) {
      const { opened, info, checks } = await attempt({ ...LARGE, backend });
      expect([opened, checks, info.backend]).toEqual([['webgpu'], 0, 'webgpu']);
      expect(info.selfCheck).toEqual({ kind: 'not-compared', reason: 'too-large', bytes: LARGE.bytes });
      expect(info.backendNote).toMatchObject({ code: 'not-compared', details: { reason: 'too-large' } });
    }
  });

  it('of a large file compares with what WASM gave at an earlier load', async () => {
    const device = new Device();
    const plain = await device.attempt({ ...LARGE, backend: 'wasm' });
    expect([plain.opened, plain.checks]).toEqual([['wasm'], 1]);
    expect((await device.attempt({ ...LARGE, backend: 'wasm' })).checks).toBe(0);
    const right = await device.attempt(LARGE);
    expect([right.opened, right.info.selfCheck]).toMatchObject([['webgpu'], { kind: 'same', when: 'now' }]);
    const wrong = await device.attempt({ ...LARGE, adapter: 'another', webgpuLogits: OTHER_LOGITS });
    expect([wrong.opened, wrong.info.backend]).toEqual([['webgpu', 'wasm'], 'wasm']);
    expect([wrong.info.selfCheck, wrong.info.backendNote?.code]).toMatchObject([
      { kind: 'different' },
      'backend-fallback',
    ]);
    expect(wrong.engines.webgpu!.disposed).toBe(1);
  });

  it('says so when WASM cannot run the model', async () => {
    const memory = new StrataError('out-of-memory', 'bad_alloc');
    for (const backend of ['auto', 'webgpu'] as const) {
      const { info } = await attempt({ ...MIDDLE, backend, fails: { wasm: memory } });
      expect(info.backend).toBe('webgpu');
      expect(info.selfCheck).toMatchObject({ reason: 'wasm-failed', error: { code: 'out-of-memory' } });
      expect(info.backendNote).toEqual({
        code: 'not-compared',
        details: { reason: 'wasm-failed', error: 'out-of-memory' },
      });
    }
    const neither = attempt({ ...MIDDLE, fails: { wasm: memory, webgpu: NO_KERNEL } });
    await expect(neither).rejects.toBe(memory);
  });

  it('takes what it cannot read for nothing', async () => {
    const device = new Device();
    await device.attempt(SMALL);
    for (const key of device.documents.keys()) device.documents.set(key, '{"difference":"0","ids":[1],"logits":[]}');
    const { opened, info } = await device.attempt(SMALL);
    expect([opened, info.selfCheck]).toMatchObject([['wasm', 'webgpu'], { kind: 'same', when: 'now' }]);
  });
});

it('a loaded model says what it takes: the runtime’s memory, and the files beside it', async () => {
  const { info } = await attempt({ backend: 'auto', bytes: MB, support: 'none', graph: [1, 2, 3] });
  expect(info.memory).toEqual({ runtimeBytes: 5000, fileBytes: 3 });
});
