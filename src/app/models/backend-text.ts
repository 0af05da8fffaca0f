import type { ModelInfo } from '../../core/model';
import type { Words } from '../../views/words';

/** Where a model runs, as the page says it. */
export function backendText({ backend, threads, adapter }: ModelInfo, words: Words): string {
  if (backend === 'wasm') return words.count('backend.wasm', threads);
  return adapter === undefined ? words('backend.webgpu.unnamed') : words('backend.webgpu', { adapter });
}
