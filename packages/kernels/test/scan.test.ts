import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Binary, Unary } from '../../unrolled/src/backend/wasm/generated/kernels.ts';
import { builds, expectClose, expectSameBits, load, type Room, random } from './support.ts';

const [BINARY, GRADIENT, SELECT, COPY] = [16, 32, 48, 49];

/** Words of a place: [S, B, n] at slot t + shift. */
const place = (address: number, slots: number, shift: number, B: number, n: number, step = 1): number[] => [
  address,
  slots,
  shift,
  B * n * 4,
  n * 4,
  step,
];

/**
 * h_t = tanh(x_t + h_{t−1}·W) where m_t ≠ 0, else h_{t−1}, and d_t = tanh′ · x_t, for x, h and d [T, B, H], m [T, B, 1].
 */
function expected(
  x: Float32Array,
  h0: Float32Array,
  w: Float32Array,
  m: Float32Array,
  T: number,
  B: number,
  H: number,
) {
  const h = new Float64Array((T + 1) * B * H);
  const d = new Float64Array(T * B * H);
  h.set(h0);
  for (let t = 0; t < T; t++) {
    for (let b = 0; b < B; b++) {
      for (let j = 0; j < H; j++) {
        const [before, at] = [(t * B + b) * H, (t * B + b) * H + j];
        let sum = x[at];
        for (let k = 0; k < H; k++) sum += h[before + k] * w[k * H + j];
        h[at + B * H] = m[t * B + b] !== 0 ? Math.tanh(sum) : h[at];
        d[at] = x[at] * (1 - Math.tanh(sum) ** 2);
      }
    }
  }
  return { h, d };
}

describe.each(builds)('step programs, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  test.each([
    [1, 1, 1],
    [3, 2, 5],
    [2, 61, 4],
    [4, 3, 17],
    [2, 70, 64],
    [2, 2, 257],
    [0, 3, 4],
  ])('T %i, B %i, H %i: a recurrence in one part, in several parts, and a plain loop agree', (T, B, H) => {
    const { kernels, floats, ints, readFloats, space } = room;
    const [x, h0] = [random(T * B * H, 1), random(B * H, 2)];
    const w = random(H * H, 3, 1 / Math.sqrt(H));
    const m = Float32Array.from({ length: T * B }, (_, i) => (i % 3 === 2 ? 0 : 1));
    const packed = space(kernels.packedSize(H, H, 8));
    const run = (parts: number) => {
      const h = space((T + 1) * B * H);
      new Float32Array(room.memory.buffer, h, B * H).set(h0);
      const [product, d, guard] = [space(B * H), space(T * B * H), space(1)];
      new Float32Array(room.memory.buffer, guard, 1)[0] = 99;
      const places = [
        ...place(floats(x), Math.max(1, T), 0, B, H),
        ...place(h, T + 1, 0, B, H),
        ...place(h, T + 1, 1, B, H),
        ...place(product, 1, 0, B, H),
        ...place(floats(m), Math.max(1, T), 0, B, 1, 0),
        ...place(d, Math.max(1, T), 0, B, H),
      ];
      const [X, BEFORE, AFTER, PRODUCT, M, D, R0, R1] = [0, 1, 2, 3, 4, 5, 6, 7];
      const code = [
        ...[0, BEFORE, PRODUCT, packed, H, H, 0],
        ...[1, H, 5],
        ...[BINARY + Binary.add, X, PRODUCT, -1, R0],
        ...[Unary.tanh, R0, -1, -1, R0],
        ...[COPY, M, -1, -1, R1],
        ...[SELECT, R1, R0, BEFORE, AFTER],
        ...[GRADIENT + Unary.tanh, R0, X, -1, D],
        2,
      ];
      const matrices = ints([floats(w), H, 0, H, H, packed]);
      const [program, table] = [ints(code), ints(places)];
      for (let part = 0; part < parts; part++) kernels.scanPack(matrices, 1, part, parts);
      const work = space(kernels.scanWorkSize(6, 2) / 4);
      for (let part = 0; part < parts; part++) {
        const from = Math.floor((B * part) / parts);
        const rows = Math.floor((B * (part + 1)) / parts) - from;
        kernels.scan(program, table, 6, T, 0, from, rows, work);
      }
      expect(readFloats(guard, 1)[0]).toBe(99);
      return { h: readFloats(h, (T + 1) * B * H), d: readFloats(d, T * B * H) };
    };
    const [whole, parts] = [run(1), run(3)];
    const plain = expected(x, h0, w, m, T, B, H);
    expectClose(whole.h, plain.h, 1e-5);
    expectClose(whole.d, plain.d, 1e-5);
    expectSameBits(parts.h, whole.h);
    expectSameBits(parts.d, whole.d);
  });
});
