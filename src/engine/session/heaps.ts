/**
 * The memories that ONNX Runtime makes for itself, one for each of its builds in this thread. It shows them to nobody,
 * so they are noted where they are made.
 */
const heaps: WebAssembly.Memory[] = [];
let watching = false;

/** Notes every WebAssembly memory made in this thread from now on. To be called before the runtime is imported. */
export function watchHeaps(): void {
  if (watching) return;
  watching = true;
  WebAssembly.Memory = new Proxy(WebAssembly.Memory, {
    construct(target, [descriptor]: [WebAssembly.MemoryDescriptor]) {
      const memory = new target(descriptor);
      heaps.push(memory);
      return memory;
    },
  });
}

/** Bytes of the memories noted so far, as large as they have become; undefined when there is none. */
export function heapBytes(): number | undefined {
  const bytes = heaps.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  return bytes > 0 ? bytes : undefined;
}
