import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { FusedActivation } from '../../unrolled/src/backend/wasm/generated/kernels.ts';
import { builds, expectClose, expectSameBits, load, type Room, random } from './support.ts';

/** Images with outputs [B, rows, columns, O] of 3 × 3 windows over inputs [B, H, W, C], with room for whole tiles. */
interface Sizes {
  B: number;
  rows: number;
  columns: number;
  C: number;
  O: number;
}

const inputOf = ({ rows, columns }: Sizes): [H: number, W: number] => [
  rows + (rows % 2) + 2,
  columns + (columns % 2) + 2,
];

/** Calls `visit` with the positions of every product in x, in weights [O, C, 9] and in y. */
function forEachProduct(sizes: Sizes, visit: (x: number, w: number, y: number) => void): void {
  const { B, rows, columns, C, O } = sizes;
  const [H, W] = inputOf(sizes);
  for (let pixel = 0; pixel < B * rows * columns; pixel++) {
    const [image, row, column] = [
      Math.floor(pixel / (rows * columns)),
      Math.floor(pixel / columns) % rows,
      pixel % columns,
    ];
    for (let t = 0; t < 9; t++) {
      for (let c = 0; c < C; c++) {
        const x = ((image * H + row + Math.floor(t / 3)) * W + column + (t % 3)) * C + c;
        for (let o = 0; o < O; o++) visit(x, (o * C + c) * 9 + t, pixel * O + o);
      }
    }
  }
}

const cases: Sizes[] = [
  { B: 1, rows: 2, columns: 2, C: 4, O: 8 },
  { B: 1, rows: 1, columns: 1, C: 1, O: 1 },
  { B: 2, rows: 3, columns: 5, C: 7, O: 9 },
  { B: 3, rows: 4, columns: 6, C: 16, O: 12 },
  { B: 1, rows: 5, columns: 14, C: 17, O: 19 },
];
const taps = Array.from({ length: 9 }, (_, t) => t);

describe.each(builds)('Winograd convolution, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  const inputsOf = (sizes: Sizes) => {
    const [H, W] = inputOf(sizes);
    return { x: random(sizes.B * H * W * sizes.C, 1), weights: random(sizes.O * sizes.C * 9, 2) };
  };

  const convolve = (
    sizes: Sizes,
    x: Float32Array,
    weights: Float32Array,
    chunk: number,
    scale = 0,
    bias = 0,
    then = 0,
  ) => {
    const { kernels } = room;
    const { B, rows, columns, C, O } = sizes;
    const [H, W] = inputOf(sizes);
    const packed = room.space(16 * kernels.packedSize(C, O, 8));
    kernels.winogradWeights(room.floats(weights), C * 9, 9, C, O, room.ints(taps), packed);
    const [y, guard] = [room.space(B * rows * columns * O), room.floats([12345])];
    const scratch = room.space(kernels.winogradSize(chunk, C));
    const after = room.floats([12345]);
    kernels.winograd(
      ...([room.floats(x), C, W * C, H * W * C, y, O, columns * O, rows * columns * O, B, rows, columns] as const),
      ...([packed, O, scale, bias, then, chunk, scratch] as const),
    );
    for (const untouched of [guard, after]) expect(room.readFloats(untouched, 1)[0]).toBe(12345);
    return room.readFloats(y, B * rows * columns * O);
  };

  test.each(cases)('is a convolution: $B images of $rows × $columns, $C → $O', (sizes) => {
    const { x, weights } = inputsOf(sizes);
    const y = convolve(sizes, x, weights, 60);
    const expected = new Float64Array(y.length);
    forEachProduct(sizes, (i, w, o) => {
      expected[o] += x[i] * weights[w];
    });
    expectClose(y, expected, 1e-5);
    expectSameBits(convolve(sizes, x, weights, 5), y);
    expectSameBits(convolve(sizes, x, weights, 7), y);
  });

  test('scales, adds the bias and applies relu6', () => {
    const sizes = { B: 1, rows: 3, columns: 4, C: 5, O: 13 };
    const { x, weights } = inputsOf(sizes);
    const [scale, bias] = [random(13, 3, 4), random(13, 4, 4)];
    const plain = convolve(sizes, x, weights, 60);
    const y = convolve(sizes, x, weights, 60, room.floats(scale), room.floats(bias), FusedActivation.relu6);
    expectClose(
      y,
      plain.map((v, i) => Math.min(Math.max(v * scale[i % 13] + bias[i % 13], 0), 6)),
      1e-5,
    );
  });

  test('turned weights are those of the transposed, mirrored window', () => {
    const [C, O] = [5, 3];
    const weights = random(O * C * 9, 1);
    const { kernels } = room;
    const mirrored = Float32Array.from({ length: O * C * 9 }, (_, i) => {
      const [c, o, t] = [Math.floor(i / (O * 9)), Math.floor(i / 9) % O, i % 9];
      return weights[(o * C + c) * 9 + 8 - t];
    });
    const size = 16 * kernels.packedSize(O, C, 8);
    const [turned, expected] = [room.space(size), room.space(size)];
    kernels.winogradWeights(room.floats(weights), 9, C * 9, O, C, room.ints([...taps].reverse()), turned);
    kernels.winogradWeights(room.floats(mirrored), O * 9, 9, O, C, room.ints(taps), expected);
    expectSameBits(room.readFloats(turned, size), room.readFloats(expected, size));
  });

  test.each(cases)('gradient of weights: $B images of $rows × $columns, $C → $O', (sizes) => {
    const { kernels } = room;
    const { B, rows, columns, C, O } = sizes;
    const [H, W] = inputOf(sizes);
    const [tileRows, tileColumns] = [Math.ceil(rows / 2), Math.ceil(columns / 2)];
    const tiles = B * tileRows * tileColumns;
    const [x, dy] = [random(B * H * W * C, 1), random(B * rows * columns * O, 2)];
    const expected = new Float64Array(O * C * 9);
    forEachProduct(sizes, (i, w, o) => {
      expected[w] += x[i] * dy[o];
    });
    const [inputs, gradients] = [room.space(16 * tiles * C), room.space(16 * tiles * O)];
    const [px, pdy, run, sums] = [room.floats(x), room.floats(dy), room.ints([0, C]), room.space(2 * 16 * C * O)];
    // In two parts, the first of one tile.
    for (const [part, from, count] of [
      [0, 0, 1],
      [1, 1, tiles - 1],
    ]) {
      kernels.winogradInputs(px, C, W * C, H * W * C, tileRows, tileColumns, from, count, inputs, C, tiles * C);
      kernels.winogradGradients(
        pdy,
        O,
        O,
        columns * O,
        rows * columns * O,
        rows,
        columns,
        from,
        count,
        gradients,
        O,
        tiles * O,
      );
      for (let place = 0; place < 16; place++) {
        kernels.convolveGrad(
          ...([inputs + place * tiles * C * 4, C, 0, 0, gradients + place * tiles * O * 4, O, 0, 0] as const),
          ...([1, 1, count, run, 1, O, sums + (part * 16 + place) * C * O * 4, O, 0] as const),
        );
      }
    }
    const weight = room.space(O * C * 9);
    kernels.winogradSum(sums, 2, 16 * C * O, C, O, 0, O, weight);
    expectClose(room.readFloats(weight, O * C * 9), expected, 2e-5);
  });
});
