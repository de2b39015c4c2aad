/** Units that are turned round together: more would drive each other out of the cache. */
const together = 8;

/** Rows of `[n, size]` as columns, `[size, rows]`: what goes over one unit's values then walks through memory in order. */
export function toColumns(values: Float32Array, size: number, rows: Int32Array): Float32Array {
  const n = rows.length;
  const to = new Float32Array(size * n);
  for (let first = 0; first < size; first += together) {
    const end = Math.min(size, first + together);
    for (let i = 0; i < n; i++) {
      const row = rows[i] * size;
      for (let unit = first; unit < end; unit++) to[unit * n + i] = values[row + unit];
    }
  }
  return to;
}
