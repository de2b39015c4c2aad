/** √Σx², without leaving the numbers on the way, as the squares of tiny and huge ones would. */
export function norm(values: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (!(size <= largest)) largest = size;
  }
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let total = 0;
  for (let i = 0; i < values.length; i++) total += (values[i] / largest) ** 2;
  return largest * Math.sqrt(total);
}
