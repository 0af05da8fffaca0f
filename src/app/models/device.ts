import type { Device } from '../../models/advice';

interface Adapter {
  readonly features: ReadonlySet<string>;
  readonly isFallbackAdapter?: boolean;
  readonly info?: { readonly isFallbackAdapter?: boolean; readonly architecture?: string };
}

interface Hints {
  /** In GiB, rounded and capped. */
  readonly deviceMemory?: number;
  readonly gpu?: { requestAdapter(): Promise<Adapter | null> };
}

/** What the browser tells of this device; nothing leaves the page. */
export async function readDevice(): Promise<Device> {
  const { deviceMemory, gpu } = navigator as Hints;
  const memoryBytes = deviceMemory === undefined ? undefined : deviceMemory * 2 ** 30;
  try {
    const adapter = await gpu?.requestAdapter();
    const software =
      adapter?.isFallbackAdapter ?? adapter?.info?.isFallbackAdapter ?? adapter?.info?.architecture === 'swiftshader';
    if (!adapter || software) return { memoryBytes, gpu: 'none' };
    return { memoryBytes, gpu: adapter.features.has('shader-f16') ? 'half' : 'single' };
  } catch {
    return { memoryBytes, gpu: 'none' };
  }
}
