import { DataError } from '../errors.ts';

export interface PaddedSequences {
  /** Time-major, `[T, B]`, or `[T, B, width]` where a step has several numbers. */
  readonly values: Float64Array;
  readonly shape: readonly number[];
  /** Lengths of the rows, `[B]`. */
  readonly lengths: readonly number[];
}

export interface PadOptions {
  /** Value after the end: 0, or −1 for targets without a loss. Default 0. */
  readonly padding?: number | undefined;
  /** Numbers in a step, F of `[T, B, F]`. Default: single numbers, `[T, B]`. */
  readonly width?: number | undefined;
}

/**
 * Pads sequences to the length of the longest.
 *
 * @param sequences  the numbers of each, step after step
 * @throws DataError if the length of a sequence is not a multiple of `width`
 */
export function padSequences(
  sequences: readonly ArrayLike<number>[],
  { padding = 0, width }: PadOptions = {},
): PaddedSequences {
  const [B, F] = [sequences.length, width ?? 1];
  const lengths = sequences.map(({ length }) => length / F);
  const odd = lengths.findIndex((length) => !Number.isInteger(length));
  if (odd >= 0) {
    throw new DataError(`pad: sequence ${odd} has ${sequences[odd].length} numbers, not a multiple of ${F}`, {
      sequence: odd,
      width: F,
    });
  }
  const T = Math.max(0, ...lengths);
  const values = new Float64Array(T * B * F).fill(padding);
  sequences.forEach((sequence, b) => {
    for (let i = 0; i < sequence.length; i++) values[(Math.floor(i / F) * B + b) * F + (i % F)] = sequence[i];
  });
  return { values, shape: width === undefined ? [T, B] : [T, B, F], lengths };
}
