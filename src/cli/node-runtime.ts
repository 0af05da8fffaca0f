import type { Runtime } from '../engine/session/runtime';

/** In Node the package's main entry is the build that can start threads there. */
export function importRuntime(): Promise<Runtime> {
  return import('onnxruntime-web');
}
