import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FusedActivation } from '../../unrolled/src/backend/wasm/generated/kernels.ts';
import { builds, expectClose, expectSameBits, load, type Room, random } from './support.ts';

interface Sizes {
  H: number;
  W: number;
  C: number;
  kernel: number;
  stride: number;
  padding: number;
  columns: number;
}

const rowsOf = ({ H, kernel, stride, padding }: Sizes): number => Math.floor((H + 2 * padding - kernel) / stride) + 1;

const tapsOf = ({ kernel, padding }: Sizes): number[] =>
  Array.from({ length: kernel * kernel }, (_, t) => [Math.floor(t / kernel) - padding, (t % kernel) - padding]).flat();

/** Calls `visit` with the positions of every product in x, in weights [taps, C] and in y [rows, columns, C]. */
function forEachProduct(sizes: Sizes, visit: (x: number, w: number, y: number) => void): void {
  const { H, W, C, stride, columns } = sizes;
  const taps = tapsOf(sizes);
  for (let pixel = 0; pixel < rowsOf(sizes) * columns; pixel++) {
    for (let t = 0; t < taps.length / 2; t++) {
      const row = Math.floor(pixel / columns) * stride + taps[2 * t];
      const column = (pixel % columns) * stride + taps[2 * t + 1];
      if (row < 0 || row >= H || column < 0 || column >= W) continue;
      for (let c = 0; c < C; c++) visit((row * W + column) * C + c, t * C + c, pixel * C + c);
    }
  }
}

const cases: Sizes[] = [
  ...[1, 3, 4, 5, 8, 17, 33].map((C) => ({ H: 5, W: 11, C, kernel: 3, stride: 1, padding: 1, columns: 11 })),
  ...[1, 2, 3, 4, 5, 6].map((W) => ({ H: 3, W, C: 12, kernel: 3, stride: 1, padding: 1, columns: W })),
  { H: 7, W: 9, C: 20, kernel: 3, stride: 2, padding: 1, columns: 5 },
  { H: 6, W: 8, C: 8, kernel: 5, stride: 2, padding: 0, columns: 2 },
  { H: 2, W: 2, C: 16, kernel: 5, stride: 1, padding: 4, columns: 6 },
  { H: 4, W: 3, C: 9, kernel: 1, stride: 3, padding: 0, columns: 1 },
];

describe.each(builds)('depthwise convolution, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  const place = (sizes: Sizes) => {
    const taps = tapsOf(sizes);
    return { taps: room.ints(taps), count: taps.length / 2, scratch: room.space(taps.length) };
  };

  test.each(cases)('of [$H, $W, $C], kernel $kernel, stride $stride, padding $padding', (sizes) => {
    const { H, W, C, kernel, stride, columns } = sizes;
    const rows = rowsOf(sizes);
    const [x, weights] = [random(H * W * C, 1), random(kernel * kernel * C, 2)];
    const [scale, bias] = [random(C, 3, 2), random(C, 4)];
    const sums = new Float64Array(rows * columns * C);
    forEachProduct(sizes, (i, w, o) => {
      sums[o] += x[i] * weights[w];
    });
    const { taps, count, scratch } = place(sizes);
    const [y, guard] = [room.space(rows * columns * C), room.floats([12345])];
    const [px, pw, ps, pb] = [x, weights, scale, bias].map((values) => room.floats(values));
    const run = (first: number, last: number, withScale: boolean, epilogue: number) =>
      room.kernels.depthwise(
        ...([px, H, W, C, stride, stride, y + first * columns * C * 4, columns * C, C, first, last, columns] as const),
        ...([taps, count, pw, withScale ? ps : 0, withScale ? pb : 0, epilogue, scratch] as const),
      );
    run(0, rows, false, FusedActivation.none);
    const whole = room.readFloats(y, rows * columns * C);
    expectClose(whole, sums, 2e-6);
    for (let row = rows - 1; row >= 0; row--) run(row, row + 1, false, FusedActivation.none);
    expectSameBits(room.readFloats(y, rows * columns * C), whole);
    run(0, rows, true, FusedActivation.relu);
    expectClose(
      room.readFloats(y, rows * columns * C),
      sums.map((v, i) => Math.max(0, v * scale[i % C] + bias[i % C])),
      5e-6,
    );
    expect(room.readFloats(guard, 1)[0]).toBe(12345);
  });

  test.each(cases)('gradient of weights of [$H, $W, $C], kernel $kernel, stride $stride, padding $padding', (sizes) => {
    const { H, W, C, kernel, stride, columns } = sizes;
    const rows = rowsOf(sizes);
    const size = kernel * kernel * C;
    const [x, dy, before] = [random(H * W * C, 1), random(rows * columns * C, 2), random(size, 3)];
    const expected = new Float64Array(size);
    forEachProduct(sizes, (i, w, o) => {
      expected[w] += x[i] * dy[o];
    });
    const { taps, count } = place(sizes);
    const [sums, px, pdy] = [room.floats(before), room.floats(x), room.floats(dy)];
    const run = (accumulate: number) =>
      room.kernels.depthwiseGrad(
        ...([
          px,
          H,
          W,
          C,
          stride,
          stride,
          pdy,
          columns * C,
          0,
          rows,
          columns,
          taps,
          count,
          C,
          sums,
          C,
          accumulate,
        ] as const),
      );
    run(1);
    expectClose(
      room.readFloats(sums, size),
      expected.map((v, i) => v + before[i]),
      3e-6,
    );
    run(0);
    expectClose(room.readFloats(sums, size), expected, 3e-6);
  });

  test('weights are packed by tap', () => {
    const [C, T, taps] = [5, 4, [2, 0]];
    const weights = random(C * T, 1);
    const packed = room.space(2 * C);
    room.kernels.packDepthwise(room.floats(weights), T, C, room.ints(taps), 2, packed);
    expectSameBits(
      room.readFloats(packed, 2 * C),
      Float32Array.from({ length: 2 * C }, (_, i) => weights[(i % C) * T + taps[Math.floor(i / C)]]),
    );
  });
});
