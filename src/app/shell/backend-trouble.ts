import type { ErrorCode, ErrorRecord } from '../../core/errors';
import type { BackendChoice } from '../../core/model';

/** Failures of a load that the same model need not have on another backend. */
const OF_BACKEND: ReadonlySet<ErrorCode> = new Set([
  'backend-unavailable',
  'session-failed',
  'run-failed',
  'non-finite',
  'device-lost',
  'out-of-memory',
  'deadline',
  'worker-lost',
]);

/** Whether a model that could not be loaded may well run once WebGPU is no longer insisted on. */
export function webGpuAtFault({ code }: ErrorRecord, backend: BackendChoice): boolean {
  return backend === 'webgpu' && OF_BACKEND.has(code);
}
