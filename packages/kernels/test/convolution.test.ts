import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FusedActivation } from '../../unrolled/src/backend/wasm/generated/kernels.ts';
import { awkward, builds, expectClose, expectSameBits, load, type Room, random } from './support.ts';

/** Images [B, H, W, C] that need no border, windows of `kernel` rows and columns. */
interface Sizes {
  B: number;
  H: number;
  W: number;
  C: number;
  O: number;
  kernel: number;
  stride: number;
}

const outputsOf = ({ H, W, kernel, stride }: Sizes): [rows: number, columns: number] => [
  Math.floor((H - kernel) / stride) + 1,
  Math.floor((W - kernel) / stride) + 1,
];

/** Calls `visit` with the positions of every product in x, in weights [k, O] and in y [B, rows, columns, O]. */
function forEachProduct(sizes: Sizes, visit: (x: number, w: number, y: number) => void): void {
  const { B, H, W, C, O, kernel, stride } = sizes;
  const [rows, columns] = outputsOf(sizes);
  for (let pixel = 0; pixel < B * rows * columns; pixel++) {
    const column = pixel % columns;
    const row = Math.floor(pixel / columns) % rows;
    const image = Math.floor(pixel / (rows * columns));
    for (let k = 0; k < kernel * kernel * C; k++) {
      const [a, c, i] = [Math.floor(k / (kernel * C)), Math.floor(k / C) % kernel, k % C];
      const x = ((image * H + row * stride + a) * W + column * stride + c) * C + i;
      for (let o = 0; o < O; o++) visit(x, k * O + o, pixel * O + o);
    }
  }
}

const depthOf = ({ kernel, C }: Sizes): number => kernel * kernel * C;

/** A run for each row of the window. */
function runsOf(room: Room, { W, C, kernel }: Sizes) {
  const runs = Array.from({ length: kernel }, (_, a) => [a === 0 ? 0 : (W - kernel) * C * 4, kernel * C]);
  return room.ints(runs.flat());
}

const cases: Sizes[] = [
  ...awkward.slice(1).map((O) => ({ B: 1, H: 4, W: 6, C: 3, O, kernel: 2, stride: 1 })),
  ...awkward.slice(1).map((C) => ({ B: 2, H: 3, W: 3, C, O: 9, kernel: 3, stride: 1 })),
  ...[1, 2, 3, 4, 5, 6, 11, 13].map((W) => ({ B: 3, H: 2, W, C: 2, O: 8, kernel: 1, stride: 1 })),
  { B: 2, H: 7, W: 9, C: 5, O: 12, kernel: 3, stride: 2 },
  { B: 3, H: 5, W: 5, C: 4, O: 8, kernel: 5, stride: 3 },
];

describe.each(builds)('convolution, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  const convolve = (sizes: Sizes, x: Float32Array, weights: Float32Array, scale = 0, bias = 0, epilogue = 0) => {
    const { kernels } = room;
    const { B, H, W, C, O, kernel, stride } = sizes;
    const [rows, columns] = outputsOf(sizes);
    const k = depthOf(sizes);
    const packed = room.space(kernels.packedSize(k, O, 8));
    kernels.packRight(room.floats(weights), O, 0, k, O, 8, packed);
    const y = room.space(B * rows * columns * O);
    const guard = room.floats([12345]);
    kernels.convolve(
      ...([room.floats(x), stride * C, stride * W * C, H * W * C, y, O, columns * O, rows * columns * O] as const),
      ...([B, rows, columns, runsOf(room, sizes), kernel, packed, k, O, scale, bias, epilogue] as const),
    );
    expect(room.readFloats(guard, 1)[0]).toBe(12345);
    return room.readFloats(y, B * rows * columns * O);
  };

  const inputs = (sizes: Sizes) => ({
    x: random(sizes.B * sizes.H * sizes.W * sizes.C, 1),
    weights: random(depthOf(sizes) * sizes.O, 2),
  });

  test.each(cases)('is a sum over the window: $B × [$H, $W, $C] → $O, kernel $kernel, stride $stride', (sizes) => {
    const { x, weights } = inputs(sizes);
    const y = convolve(sizes, x, weights);
    const expected = new Float64Array(y.length);
    forEachProduct(sizes, (i, w, o) => {
      expected[o] += x[i] * weights[w];
    });
    expectClose(y, expected, 1e-5);
  });

  test.each(Object.entries(FusedActivation))('scales, adds the bias and applies %s', (_, epilogue) => {
    const sizes = { B: 1, H: 4, W: 4, C: 7, O: 13, kernel: 2, stride: 1 };
    const { x, weights } = inputs(sizes);
    const [scale, bias] = [random(13, 3, 4), random(13, 4, 4)];
    const plain = convolve(sizes, x, weights);
    const y = convolve(sizes, x, weights, room.floats(scale), room.floats(bias), epilogue);
    const expected = plain.map((v, i) => {
      const value = v * scale[i % 13] + bias[i % 13];
      if (epilogue === FusedActivation.none) return value;
      return Math.min(Math.max(value, 0), epilogue === FusedActivation.relu6 ? 6 : Number.POSITIVE_INFINITY);
    });
    expectClose(y, expected, 1e-5);
  });

  test('a pixel has the same bits wherever it stands', () => {
    const sizes = { B: 3, H: 4, W: 9, C: 5, O: 11, kernel: 3, stride: 1 };
    const { x, weights } = inputs(sizes);
    const y = convolve(sizes, x, weights);
    const [rows, columns] = outputsOf(sizes);
    for (let pixel = 0; pixel < 3 * rows * columns; pixel += 4) {
      const [image, row, column] = [
        Math.floor(pixel / (rows * columns)),
        Math.floor(pixel / columns) % rows,
        pixel % columns,
      ];
      const window = new Float32Array(3 * 3 * 5);
      for (let a = 0; a < 3; a++) {
        const from = ((image * 4 + row + a) * 9 + column) * 5;
        window.set(x.subarray(from, from + 15), a * 15);
      }
      const alone = convolve({ ...sizes, B: 1, H: 3, W: 3 }, window, weights);
      expectSameBits(alone, y.slice(pixel * 11, pixel * 11 + 11));
    }
  });

  test.each(cases)('gradient of weights: $B × [$H, $W, $C] → $O, kernel $kernel, stride $stride', (sizes) => {
    const { kernels } = room;
    const { B, H, W, C, O, kernel, stride } = sizes;
    const [rows, columns] = outputsOf(sizes);
    const k = depthOf(sizes);
    const [x, dy, before] = [random(B * H * W * C, 1), random(B * rows * columns * O, 2), random(k * O, 3)];
    const expected = new Float64Array(k * O);
    forEachProduct(sizes, (i, w, o) => {
      expected[w] += x[i] * dy[o];
    });
    const [sums, runs, guard] = [room.floats(before), runsOf(room, sizes), room.floats([12345])];
    const add = (accumulate: number) =>
      kernels.convolveGrad(
        ...([
          room.floats(x),
          stride * C,
          stride * W * C,
          H * W * C,
          room.floats(dy),
          O,
          columns * O,
          rows * columns * O,
        ] as const),
        ...([B, rows, columns, runs, kernel, O, sums, O, accumulate] as const),
      );
    add(1);
    expectClose(
      room.readFloats(sums, k * O),
      expected.map((v, i) => v + before[i]),
      1e-5,
    );
    add(0);
    expectClose(room.readFloats(sums, k * O), expected, 1e-5);
    expect(room.readFloats(guard, 1)[0]).toBe(12345);
  });

  test('border copies rows with zeros beside them, and zeros for rows outside', () => {
    const [height, width, n] = [3, 4, 2];
    const x = random(height * width * n, 1);
    const out = room.space(7 * 7 * n);
    room.kernels.border(room.floats(x), height, width, n, out, -2, 7, 1, 2);
    const expected = Array.from({ length: 7 * 7 * n }, (_, i) => {
      const [row, column] = [Math.floor(i / (7 * n)) - 2, (Math.floor(i / n) % 7) - 1];
      const isInside = row >= 0 && row < height && column >= 0 && column < width;
      return isInside ? x[(row * width + column) * n + (i % n)] : 0;
    });
    expectSameBits(room.readFloats(out, 7 * 7 * n), Float32Array.from(expected));
  });

  test.each([
    [5, 3, [0, 1, 2, 3]],
    [17, 4, [3, 0]],
    [9, 1, [1]],
    [8, 6, [0]],
  ])('weights of %i outputs and %i inputs are packed, as they are and turned', (outputs, inputs, taps) => {
    const { kernels } = room;
    const T = 4;
    const weights = random(outputs * inputs * T, 1);
    const check = (out: number, outStride: number, inn: number, inStride: number) => {
      const k = taps.length * inn;
      const packed = room.space(kernels.packedSize(k, out, 8));
      kernels.packTaps(room.floats(weights), outStride, inStride, inn, out, room.ints(taps), taps.length, packed);
      const plain = Float32Array.from({ length: k * out }, (_, i) => {
        const [row, o] = [Math.floor(i / out), i % out];
        return weights[o * outStride + (row % inn) * inStride + taps[Math.floor(row / inn)]];
      });
      const expected = room.space(kernels.packedSize(k, out, 8));
      kernels.packRight(room.floats(plain), out, 0, k, out, 8, expected);
      expectSameBits(
        room.readFloats(packed, kernels.packedSize(k, out, 8)),
        room.readFloats(expected, kernels.packedSize(k, out, 8)),
      );
    };
    check(outputs, inputs * T, inputs, T);
    check(inputs, T, outputs, inputs * T);
  });

  test('a window of one tap is packed as the matrix that it is', () => {
    const { kernels } = room;
    const weights = random(11 * 7, 1);
    const stored = room.floats(weights);
    for (const transposed of [1, 0]) {
      const [k, n] = transposed ? [7, 11] : [11, 7];
      const [packed, expected] = [room.space(kernels.packedSize(k, n, 8)), room.space(kernels.packedSize(k, n, 8))];
      const [outputStride, inputStride] = transposed ? [7, 1] : [1, 7];
      kernels.packTaps(stored, outputStride, inputStride, k, n, room.ints([0]), 1, packed);
      kernels.packRight(stored, 7, transposed, k, n, 8, expected);
      expectSameBits(
        room.readFloats(packed, kernels.packedSize(k, n, 8)),
        room.readFloats(expected, kernels.packedSize(k, n, 8)),
      );
    }
  });

  test('sums of parts become weights', () => {
    const [parts, T, inputs, outputs] = [3, 4, 3, 7];
    const size = T * inputs * outputs;
    const sums = random(parts * size, 1);
    const weight = room.floats(new Float32Array(size).fill(-777));
    room.kernels.sumTaps(room.floats(sums), parts, size, T, inputs, outputs, 4, 7, weight);
    const expected = Float32Array.from({ length: size }, (_, i) => {
      const [o, input, t] = [Math.floor(i / (inputs * T)), Math.floor(i / T) % inputs, i % T];
      const at = (t * inputs + input) * outputs + o;
      return o < 4 ? -777 : Math.fround(Math.fround(sums[at] + sums[size + at]) + sums[2 * size + at]);
    });
    expectSameBits(room.readFloats(weight, size), expected);
  });
});
