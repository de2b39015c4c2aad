/** The first byte a caller may use: below it lie the kernels' constants, the same in every instance over a memory. */
export function heapBase(): usize {
  return __heap_base;
}
