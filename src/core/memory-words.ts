/** What the runtime, the browser's WebAssembly and graphics drivers say when there is no memory left. */
const NO_MEMORY = new RegExp(
  [
    'out[ _-]?of[ _-]?(host|device)?[ _-]?memory|\\bOOM\\b|not enough memory',
    'bad_alloc|alloc(ation)? (has )?failed|failed to allocate|could not (be )?allocate|cannot (allocate|enlarge) memory',
    'Array buffer allocation|Invalid (typed )?array (buffer )?length|Memory\\.grow|failed to grow|memory access out of bounds',
    'exceeds? the (maximum|max) (buffer|memory) size|E_OUTOFMEMORY',
  ].join('|'),
  'i',
);

/**
 * Built without exceptions, the runtime throws the address of one in its memory as a bare number. So far up there is
 * little room left: it is that there is no memory.
 */
function isHighAddress(words: string): boolean {
  return /^\d{9,10}$/.test(words.trim()) && Number(words) >= 2 ** 30;
}

/** Whether words that are not ours mean that no memory is left. */
export function saysNoMemory(words: string): boolean {
  return NO_MEMORY.test(words) || isHighAddress(words);
}
