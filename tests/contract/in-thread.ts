import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { LoadRequest } from '../../src/core/model-api.ts';
import type { Dtype } from '../../src/core/model.ts';
import { createEngine } from '../../src/engine/create-engine.ts';
import { openModel } from '../../src/models/open-model.ts';
import { MemoryStore } from '../../src/models/storage.ts';
import type { ModelApiDeps } from '../../src/worker/deps.ts';
import { breathe } from '../../src/core/breathe.ts';
import { findProbes } from '../../src/worker/probes.ts';
import { readSafetensors } from '../fixtures/safetensors.ts';
import type { Reference } from './parity.ts';

const ZOO = fileURLToPath(new URL('../fixtures/zoo/', import.meta.url));

/** A load of a zoo folder as if a person had chosen it from disk. */
export function zooRequest(name: string, dtype: Dtype = 'fp32'): LoadRequest {
  const paths = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'];
  const files = new Map(paths.map((path) => [path, new Blob([readFileSync(`${ZOO}${name}/${path}`)])]));
  return { source: { kind: 'folder', name, dtype, files }, backend: 'wasm' };
}

/** What the worker stands on, in Node: real files, the real engine on WASM. */
export const nodeDeps: ModelApiDeps = {
  probes: findProbes(),
  pause: breathe,
  webgpu: () => Promise.resolve({ kind: 'none', adapter: '' }),
  checks: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() },
  runtimeBytes: () => undefined,
  openModel: ({ source }, { onProgress, signal }) =>
    openModel(source, {
      root: new URL('http://localhost/'),
      store: new MemoryStore(),
      onProgress,
      ...(signal ? { signal } : {}),
    }),
  openEngine: (files, backend, { onProgress, signal }) =>
    createEngine(files, {
      backend,
      onStep: (step) => onProgress({ stage: 'prepare', step }),
      ...(signal ? { signal } : {}),
    }),
};

/** The reference of tests/fixtures/zoo/optimum-gpt2. */
export function reference(tolerance: number): Reference {
  const { tensors } = readSafetensors(readFileSync(`${ZOO}optimum-gpt2/reference.safetensors`));
  const path = fileURLToPath(new URL('value-weighted.json', import.meta.url));
  const valueWeighted = JSON.parse(readFileSync(path, 'utf8')) as Reference['valueWeighted'];
  return { tensors, valueWeighted, tolerance, prompts: [0, 1, 2] };
}
