import { describe, expect, it } from 'vitest';
import { ScriptedEngine } from '../../tests/fixtures/scripted-engine.ts';
import { StrataError } from '../core/errors';
import type { LoadProgress } from '../core/model-api';
import type { Backend, BackendChoice, ModelFiles } from '../core/model';
import type { ModelApiDeps, WebGpuSupport } from './deps';
import { load } from './load';

const MB = 2 ** 20;

interface Case {
  readonly backend: BackendChoice;
  readonly bytes: number;
  readonly support: WebGpuSupport;
  /** Milliseconds a step takes. */
  readonly pace?: Readonly<Record<Backend, number>>;
  readonly webgpuFails?: StrataError;
  readonly webgpuLogits?: readonly number[];
}

async function attempt({ backend, bytes, support, pace, webgpuFails, webgpuLogits }: Case) {
  const opened: Backend[] = [];
  const engines: Partial<Record<Backend, ScriptedEngine>> = {};
  const progress: LoadProgress[] = [];
  const deps: ModelApiDeps = {
    probes: new Map(),
    pause: () => Promise.resolve(),
    webgpu: () => Promise.resolve(support),
    openModel: () => Promise.resolve({ dtype: 'fp32', provenance: { bytes } } as ModelFiles),
    openEngine: (_files, one) => {
      opened.push(one);
      if (one === 'webgpu' && webgpuFails) return Promise.reject(webgpuFails);
      const engine = new ScriptedEngine({ backend: one });
      if (one === 'webgpu' && webgpuLogits) engine.next = () => webgpuLogits;
      const step = engine.generateStep.bind(engine);
      engine.generateStep = async (tokens) => {
        await new Promise((resolve) => setTimeout(resolve, pace?.[one] ?? 0));
        return step(tokens);
      };
      engines[one] = engine;
      return Promise.resolve(engine);
    },
  };
  const source = { kind: 'bundled', id: 'x' } as const;
  const loaded = await load({ source, backend }, deps, { onProgress: (one) => progress.push(one) });
  return { opened, engines, progress, info: loaded.info };
}

describe('the backend', () => {
  it('is WASM for a small model, without trying more', async () => {
    const { opened, info } = await attempt({ backend: 'auto', bytes: 8 * MB, support: 'hardware' });
    expect(opened).toEqual(['wasm']);
    expect(info.backend).toBe('wasm');
    expect(info.backendNote).toBeUndefined();
  });

  it('is WASM where WebGPU draws on the processor', async () => {
    const { opened } = await attempt({ backend: 'auto', bytes: 400 * MB, support: 'software' });
    expect(opened).toEqual(['wasm']);
  });

  it('is the faster of the two for a large model, and the other is let go', async () => {
    const large = { backend: 'auto', bytes: 400 * MB, support: 'hardware' } as const;
    const quick = await attempt({ ...large, pace: { wasm: 40, webgpu: 2 } });
    expect(quick.info.backend).toBe('webgpu');
    expect(quick.engines.wasm!.disposed).toBe(1);
    const slow = await attempt({ ...large, pace: { wasm: 2, webgpu: 40 } });
    expect(slow.info.backend).toBe('wasm');
    expect(slow.engines.webgpu!.disposed).toBe(1);
    expect(slow.info.backendNote).toBeUndefined();
  });

  it('falls back by itself and says why', async () => {
    const { info, progress } = await attempt({
      backend: 'auto',
      bytes: 400 * MB,
      support: 'hardware',
      webgpuFails: new StrataError('session-failed', 'no kernel for IsNaN'),
    });
    expect(info.backend).toBe('wasm');
    expect(info.backendNote).toMatch(/no kernel for IsNaN/);
    expect(progress).toContainEqual(expect.objectContaining({ stage: 'note', note: 'backend-fallback' }));
  });

  it('falls back when WebGPU computes something else', async () => {
    const { info } = await attempt({
      backend: 'auto',
      bytes: 400 * MB,
      support: 'hardware',
      pace: { wasm: 20, webgpu: 0 },
      webgpuLogits: [0, 1, 2, 3, 4, 5, 6, 7.1],
    });
    expect(info.backend).toBe('wasm');
    expect(info.backendNote).toMatch(/disagree.*0\.1/);
  });

  it('is WebGPU when that is asked for, with a note when the numbers disagree', async () => {
    const same = await attempt({ backend: 'webgpu', bytes: 8 * MB, support: 'software' });
    expect(same.info.backend).toBe('webgpu');
    expect(same.info.backendNote).toBeUndefined();
    expect(same.engines.wasm!.disposed).toBe(1);
    const wrong = [0, 1, 2, 3, 4, 5, NaN, 7];
    const other = await attempt({ backend: 'webgpu', bytes: 8 * MB, support: 'software', webgpuLogits: wrong });
    expect(other.info.backend).toBe('webgpu');
    expect(other.info.backendNote).toMatch(/disagree/);
  });

  it('is refused by name when there is none', async () => {
    const none = attempt({ backend: 'webgpu', bytes: 8 * MB, support: 'none' });
    await expect(none).rejects.toMatchObject({ code: 'backend-unavailable' });
  });
});
