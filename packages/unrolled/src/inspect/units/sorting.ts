/** Bits that are sorted by at a time, and how often: 32 bits in all. */
const [digits, passes] = [11, 3];

/**
 * Ascending: what `toSorted` gives of numbers, in a fraction of the time. By digits of the bits, least first, which stand in the
 * order of the numbers once those below 0 are turned round.
 */
export function ascending(values: Float32Array): Float32Array {
  const n = values.length;
  let from = new Int32Array(values.slice().buffer);
  let to = new Int32Array(n);
  for (let i = 0; i < n; i++) from[i] ^= (from[i] >> 31) | 0x80000000;
  const ends = new Uint32Array(1 << digits);
  for (let pass = 0; pass < passes; pass++) {
    const shift = pass * digits;
    const mask = ends.length - 1;
    ends.fill(0);
    for (let i = 0; i < n; i++) ends[(from[i] >>> shift) & mask]++;
    let before = 0;
    for (let digit = 0; digit < ends.length; digit++) {
      const count = ends[digit];
      ends[digit] = before;
      before += count;
    }
    for (let i = 0; i < n; i++) to[ends[(from[i] >>> shift) & mask]++] = from[i];
    [from, to] = [to, from];
  }
  for (let i = 0; i < n; i++) from[i] ^= from[i] < 0 ? 0x80000000 : -1;
  return new Float32Array(from.buffer);
}
