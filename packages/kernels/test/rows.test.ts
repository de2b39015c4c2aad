import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  awkward,
  builds,
  dot,
  expectClose,
  expectSameBits,
  load,
  numericGradient,
  type Room,
  random,
} from './support.ts';

function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

describe.each(builds)('embedding rows, dropout, layer normalisation, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  test('gather takes rows, scatterAdd adds them back in order', () => {
    const { kernels, floats, ints, space, readFloats } = room;
    const ids = [3, 0, 3, 6, 3];
    for (const width of awkward) {
      const [table, dOut, dTable] = [random(7 * width, 1), random(5 * width, 2), random(7 * width, 3)];
      const out = space(5 * width);
      kernels.gather(floats(table), ints(ids), out, 5, 7, width);
      expectSameBits(
        readFloats(out, 5 * width),
        Float32Array.from(ids.flatMap((id) => [...table.slice(id * width, (id + 1) * width)])),
      );
      const sums = floats(dTable);
      kernels.scatterAdd(floats(dOut), ints(ids), sums, 5, 7, width, width);
      for (const [i, id] of ids.entries())
        for (let j = 0; j < width; j++) dTable[id * width + j] += dOut[i * width + j];
      expectSameBits(readFloats(sums, 7 * width), dTable);
      const some = floats(new Float32Array(7 * width));
      kernels.scatterAdd(floats(dOut), ints(ids), some, 5, 7, width, width >> 1);
      expect(readFloats(some, 7 * width).every((value, i) => i % width < width >> 1 || value === 0)).toBe(true);
    }
  });

  test('dropout keeps by hash of seed and position, at its rate, and in parts as in one', () => {
    const { kernels, floats, space, readFloats } = room;
    for (const [n, rate] of [
      [0, 0.5],
      [1, 0.3],
      [5, 0.5],
      [4001, 0.2],
      [10, 0],
      [7, 1],
    ]) {
      const x = random(n, 1).map((value) => value + 2);
      const out = space(n);
      const seed = 0xdeadbeef;
      kernels.dropout(floats(x), out, n, seed, rate, 100);
      const kept = Array.from(x, (_, i) => mix((mix(100 + i) + seed) >>> 0) >= rate * 2 ** 32);
      expectClose(
        readFloats(out, n),
        Array.from(x, (value, i) => (kept[i] ? value / (1 - rate) : 0)),
      );
      if (n > 1000) expect(Math.abs(kept.filter(Boolean).length / n - (1 - rate))).toBeLessThan(0.02);
      const parts = space(n);
      const cut = Math.floor(n / 3);
      kernels.dropout(floats(x.slice(0, cut)), parts, cut, seed, rate, 100);
      kernels.dropout(floats(x.slice(cut)), parts + cut * 4, n - cut, seed, rate, 100 + cut);
      expectSameBits(readFloats(parts, n), readFloats(out, n));
    }
  });

  test('layer normalisation and its gradients, with and without gain and bias', () => {
    const { kernels, floats, space, readFloats } = room;
    const epsilon = 1e-5;
    const normalise = (x: ArrayLike<number>, gain: ArrayLike<number>, bias: ArrayLike<number>) => {
      const row = Array.from(x);
      const n = row.length;
      const mean = row.reduce((sum, value) => sum + value, 0) / n;
      const deviation = Math.sqrt(row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n + epsilon);
      return row.map((value, j) => ((value - mean) / deviation) * gain[j] + bias[j]);
    };
    for (const n of [1, 3, 4, 5, 17, 64, 1100]) {
      const rows = 3;
      const [x, dy] = [random(rows * n, 1, 3), random(rows * n, 2)];
      for (const affine of [true, false]) {
        const gain = affine ? random(n, 3) : new Float32Array(n).fill(1);
        const bias = affine ? random(n, 4) : new Float32Array(n);
        const [pGain, pBias] = affine ? [floats(gain), floats(bias)] : [0, 0];
        const [out, mean, inverse, dx] = [space(rows * n), space(rows), space(rows), space(rows * n)];
        const px = floats(x);
        kernels.layerNorm(px, pGain, pBias, out, mean, inverse, rows, n, 1, epsilon);
        const part = (from: Float32Array, i: number) => from.slice(i * n, (i + 1) * n);
        expectClose(
          readFloats(out, rows * n),
          [0, 1, 2].flatMap((i) => normalise(part(x, i), gain, bias)),
          3e-6,
        );
        const before = random(n, 5);
        const [dGain, dBias] = affine ? [floats(before), floats(before)] : [0, 0];
        const pDy = floats(dy);
        kernels.layerNormGrad(px, pGain, mean, inverse, pDy, dx, dGain, dBias, rows, n, 1);
        if (affine) {
          const sums = [floats(before), floats(before)];
          for (const [from, columns] of [
            [0, Math.min(n, 16)],
            [16, n - 16],
          ]) {
            const at = from * 4;
            kernels.layerNormSums(px + at, mean, inverse, pDy + at, sums[0] + at, sums[1] + at, rows, n, columns);
          }
          expectSameBits(readFloats(sums[0], n), readFloats(dGain, n));
          expectSameBits(readFloats(sums[1], n), readFloats(dBias, n));
        }
        if (n === 1) expectClose(readFloats(dx, rows), [0, 0, 0], 1e-4);
        if (n > 1 && n < 100) {
          const exact = [0, 1, 2].flatMap((i) => [
            ...numericGradient((at) => dot(normalise(at, gain, bias), part(dy, i)), part(x, i)),
          ]);
          expectClose(readFloats(dx, rows * n), exact, 1e-5);
        }
        if (affine) {
          const ones = new Array(n).fill(1);
          const zeros = new Array(n).fill(0);
          const normal = [0, 1, 2].map((i) => normalise(part(x, i), ones, zeros));
          const sums = (f: (i: number, j: number) => number) =>
            Array.from(before, (value, j) => value + f(0, j) + f(1, j) + f(2, j));
          expectClose(
            readFloats(dGain, n),
            sums((i, j) => dy[i * n + j] * normal[i][j]),
            5e-6,
          );
          expectClose(
            readFloats(dBias, n),
            sums((i, j) => dy[i * n + j]),
          );
        }
      }
      room.reset();
    }
  });
});
