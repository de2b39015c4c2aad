import type { MinimalCharRnnGolden } from './load.ts';

/**
 * Approximately normal numbers, bit for bit those of `normals` in minimal-char-rnn.py: xorshift32 (Marsaglia
 * 2003, shifts 13 17 5) gives 32-bit integers; a normal is the sum of twelve divided by 2³², minus 6.
 */
export function* normals(seed: number): Generator<number, never> {
  let x = seed | 0;
  for (;;) {
    let total = 0;
    for (let i = 0; i < 12; i++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      total += x >>> 0;
    }
    yield total / 2 ** 32 - 6;
  }
}

/** The weights every run of minimal-char-rnn.json starts from, row-major; its biases start at zero. */
export function initialWeights({ config, generator }: Pick<MinimalCharRnnGolden, 'config' | 'generator'>): {
  Wxh: Float64Array; // [H, V]
  Whh: Float64Array; // [H, H]
  Why: Float64Array; // [V, H]
} {
  const { V, hiddenSize: H } = config;
  const stream = normals(generator.seed);
  const draw = (n: number) => Float64Array.from({ length: n }, () => generator.scale * stream.next().value);
  return { Wxh: draw(H * V), Whh: draw(H * H), Why: draw(V * H) };
}
