/** 1 where row b still has step t, else 0: `[T, B]`, from the rows' lengths `[B]`. */
export function activity(lengths: ArrayLike<number>, T: number): Float64Array {
  const B = lengths.length;
  return Float64Array.from({ length: T * B }, (_, i) => Number(Math.floor(i / B) < lengths[i % B]));
}
