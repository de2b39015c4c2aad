import fc from 'fast-check';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { builds, dot, expectClose, expectSameBits, load, numericGradient, type Room, random } from './support.ts';

const logNormaliser = (row: ArrayLike<number>) => {
  const largest = Math.max(...Array.from(row));
  return largest + Math.log(Array.from(row).reduce((sum, value) => sum + Math.exp(value - largest), 0));
};
const logSoftmax = (row: ArrayLike<number>) => {
  const normaliser = logNormaliser(row);
  return Array.from(row, (value) => value - normaliser);
};
const softmax = (row: ArrayLike<number>) => logSoftmax(row).map(Math.exp);
const split = (x: Float32Array, n: number) =>
  Array.from({ length: n === 0 ? 0 : x.length / n }, (_, i) => x.slice(i * n, (i + 1) * n));

describe.each(builds)('softmax, %s', (build) => {
  let room: Room;
  beforeAll(async () => {
    room = await load(build);
  });
  beforeEach(() => room.reset());

  const run = (name: 'softmax' | 'logSoftmax', x: Float32Array, n: number) => {
    const out = room.space(x.length);
    room.kernels[name](room.floats(x), out, x.length / n, n);
    return room.readFloats(out, x.length);
  };

  test('softmax, log-softmax and their gradients', () => {
    for (const n of [1, 3, 4, 5, 17, 64, 65, 1500]) {
      const [x, dy] = [random(3 * n, n, 5), random(3 * n, n + 1)];
      const rows = split(x, n);
      for (const [name, f] of [
        ['softmax', softmax],
        ['logSoftmax', logSoftmax],
      ] as const) {
        const y = run(name, x, n);
        expectClose(y, rows.flatMap(f), 2e-6);
        const dx = room.space(3 * n);
        room.kernels[`${name}Grad`](room.floats(y), room.floats(dy), dx, 3, n);
        if (n > 100) continue;
        const exact = rows.flatMap((row, i) => [
          ...numericGradient((at) => dot(f(at), dy.slice(i * n, (i + 1) * n)), row),
        ]);
        expectClose(room.readFloats(dx, 3 * n), exact, 5e-6);
      }
    }
  });

  test('rows of any size of number: no overflow, −∞ has probability 0', () => {
    expect([...run('softmax', Float32Array.of(1e30, 1e30, -1e30, -Infinity), 4)]).toEqual([0.5, 0.5, 0, 0]);
    expect([...run('logSoftmax', Float32Array.of(1000, -Infinity, -1000), 3)]).toEqual([0, -Infinity, -2000]);
    expect([...run('softmax', Float32Array.of(Number.NaN, 1), 2)]).toEqual([Number.NaN, Number.NaN]);
  });

  test('softmax sums to 1, and a row has the same bits alone and in a batch', () => {
    const values = fc.array(fc.float({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(values, (row) => {
        room.reset();
        const n = row.length;
        const three = Float32Array.from([...random(n, 1), ...row, ...random(n, 2)]);
        const y = run('softmax', three, n).slice(n, 2 * n);
        expect(y.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
        expectSameBits(run('softmax', Float32Array.from(row), n), y);
      }),
    );
  });

  test('cross-entropy and its gradient; a negative target has neither loss nor gradient', () => {
    const { kernels, floats, ints, space, readFloats } = room;
    for (const n of [1, 3, 4, 5, 17, 65, 1500]) {
      const targets = [0, -1, n - 1, n >> 1];
      const [logits, dLosses] = [random(4 * n, n, 4), random(4, 9)];
      const rows = split(logits, n);
      const logs = rows.map(logSoftmax);
      const [losses, normaliser, dLogits] = [space(4), space(4), space(4 * n)];
      const pLogits = floats(logits);
      kernels.crossEntropy(pLogits, ints(targets), losses, normaliser, 4, n);
      expectClose(readFloats(normaliser, 4), rows.map(logNormaliser));
      expectClose(
        readFloats(losses, 4),
        logs.map((row, i) => (targets[i] < 0 ? 0 : -row[targets[i]])),
        2e-6,
      );
      for (const out of [dLogits, pLogits]) {
        kernels.crossEntropyGrad(pLogits, ints(targets), normaliser, floats(dLosses), out, 4, n);
        const exact = logs.flatMap((row, i) =>
          row.map((log, j) => (targets[i] < 0 ? 0 : dLosses[i] * (Math.exp(log) - Number(j === targets[i])))),
        );
        expectClose(readFloats(out, 4 * n), exact, 2e-6);
      }
    }
  });

  test('a nearly certain target keeps the digits of its loss', () => {
    const { kernels, floats, ints, space, readFloats } = room;
    const losses = space(1);
    kernels.crossEntropy(floats([100, 90]), ints([0]), losses, space(1), 1, 2);
    expect(readFloats(losses, 1)[0] / Math.log1p(Math.exp(-10))).toBeCloseTo(1, 2);
  });
});
