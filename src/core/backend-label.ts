import type { ModelInfo } from './model';

/** Where a model runs, in English: for files that are exported, bug reports and the command line. */
export function backendLabel({
  backend,
  threads,
  adapter,
}: Pick<ModelInfo, 'backend' | 'threads' | 'adapter'>): string {
  if (backend === 'webgpu') return `WebGPU: ${adapter ?? 'graphics device'}`;
  return `WASM, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
}
