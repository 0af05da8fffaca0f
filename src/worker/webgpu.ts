import type { WebGpuSupport } from './deps';

interface GpuAdapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: { readonly isFallbackAdapter?: boolean; readonly vendor?: string; readonly architecture?: string };
}

interface Gpu {
  requestAdapter(): Promise<GpuAdapter | null>;
}

/** What this thread can have of WebGPU. */
export async function webGpuSupport(): Promise<WebGpuSupport> {
  const { gpu } = navigator as { readonly gpu?: Gpu };
  try {
    const adapter = await gpu?.requestAdapter();
    if (!adapter) return 'none';
    const { info } = adapter;
    const software = adapter.isFallbackAdapter ?? info?.isFallbackAdapter ?? info?.architecture === 'swiftshader';
    return software ? 'software' : 'hardware';
  } catch {
    return 'none';
  }
}
