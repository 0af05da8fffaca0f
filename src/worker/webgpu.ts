import type { WebGpuSupport } from './deps';

interface AdapterInfo {
  readonly isFallbackAdapter?: boolean;
  readonly vendor?: string;
  readonly architecture?: string;
  readonly device?: string;
  readonly description?: string;
}

interface GpuAdapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: AdapterInfo;
}

interface Gpu {
  requestAdapter(): Promise<GpuAdapter | null>;
}

const NONE: WebGpuSupport = { kind: 'none', adapter: '' };

/** What this thread can have of WebGPU. */
export async function webGpuSupport(): Promise<WebGpuSupport> {
  const { gpu } = navigator as { readonly gpu?: Gpu };
  try {
    const adapter = await gpu?.requestAdapter();
    if (!adapter) return NONE;
    const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info ?? {};
    const software = adapter.isFallbackAdapter ?? isFallbackAdapter ?? architecture === 'swiftshader';
    const names = [vendor, architecture, device, description].filter((name) => name !== undefined && name !== '');
    return { kind: software ? 'software' : 'hardware', adapter: names.join(' ') };
  } catch {
    return NONE;
  }
}
