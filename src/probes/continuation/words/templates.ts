/** Keys of this folder that are put together in code, their places marked `*`, and what stands there. */
export const templates: Readonly<Record<string, readonly string[]>> = {
  'continuation.*': ['tokens', 'temperature', 'topK', 'topP', 'seed'],
  'continuation.*.formula': ['temperature', 'topK', 'topP'],
  'continuation.*.meaning': ['temperature', 'topK', 'topP', 'seed'],
  'continuation.finish.*': ['length', 'end-token', 'context-full', 'memory-full', 'cancelled'],
};
