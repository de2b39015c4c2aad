import fc from 'fast-check';
import * as ops from 'unrolled';
import { gradients, openDevice, Random, type Shape, sizeOf, type Tensor } from 'unrolled';
import { type BuiltInCell, initialiseParameters, Recurrent } from 'unrolled/nn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Device } from '../packages/unrolled/src/tensor/device.ts';
import { largestDifference } from './closeness.ts';

/** One computation: the shapes of its inputs, and what is done with them. */
interface Computation {
  readonly shapes: readonly Shape[];
  readonly run: (inputs: readonly Tensor[], device: Device) => Tensor;
}

const extent = fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 40 }));
const positive = fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 40 }));
const shape = fc.array(extent, { maxLength: 3 });
const rows = fc.tuple(fc.array(extent, { maxLength: 2 }), positive).map(([lead, n]) => [...lead, n]);
const axisOf = (of: Shape) => fc.integer({ min: -of.length, max: of.length - 1 });

/** Two shapes that broadcast: parts of one, with axes made 1 and leading ones left out. */
const broadcasting = shape.chain((whole) => {
  const part = fc
    .tuple(fc.array(fc.boolean(), { minLength: whole.length, maxLength: whole.length }), fc.nat(whole.length))
    .map(([ones, left]) => whole.map((n, axis) => (ones[axis] ? 1 : n)).slice(left));
  return fc.tuple(part, part);
});

const one = (shapes: fc.Arbitrary<Shape>, run: (x: Tensor) => Tensor): fc.Arbitrary<Computation> =>
  shapes.map((x) => ({ shapes: [x], run: ([tensor]) => run(tensor) }));

const { neg, exp, abs, square, tanh, sigmoid, relu, softplus, add, sub, mul, minimum, maximum } = ops;

const computations: Record<string, fc.Arbitrary<Computation>> = {
  ...Object.fromEntries(
    Object.entries({ neg, exp, abs, square, tanh, sigmoid, relu, softplus }).map(([name, f]) => [name, one(shape, f)]),
  ),
  log: one(shape, (x) => ops.log(add(square(x), 1))),
  sqrt: one(shape, (x) => ops.sqrt(add(square(x), 1))),
  reciprocal: one(shape, (x) => ops.reciprocal(add(square(x), 1))),
  ...Object.fromEntries(
    Object.entries({ add, sub, mul, minimum, maximum }).map(([name, f]) => [
      name,
      broadcasting.map((shapes): Computation => ({ shapes, run: ([a, b]) => f(a, b) })),
    ]),
  ),
  div: broadcasting.map((shapes) => ({ shapes, run: ([a, b]) => ops.div(a, add(square(b), 1)) })),
  select: broadcasting.map((shapes) => ({ shapes, run: ([a, b]) => ops.select(ops.greater(a, 0), b, mul(b, 2)) })),
  matmul: fc
    .tuple(extent, positive, extent, fc.array(extent, { maxLength: 2 }), fc.boolean(), fc.boolean(), fc.boolean())
    .map(([m, k, n, lead, transposeA, transposeB, shared]) => ({
      shapes: [
        [...lead, ...(transposeA ? [k, m] : [m, k])],
        [...(shared ? [] : lead), ...(transposeB ? [n, k] : [k, n])],
      ],
      run: ([a, b]) => ops.matmul(a, b, { transposeA, transposeB }),
    })),
  linear: fc.tuple(rows, positive).map(([x, units]) => ({
    shapes: [x, [units, x.at(-1)!], [units]],
    run: ([input, weight, bias]) => ops.linear(input, weight, bias),
  })),
  softmax: one(rows, ops.softmax),
  logSoftmax: one(rows, ops.logSoftmax),
  crossEntropy: fc.tuple(rows, fc.integer()).map(([x, seed]) => ({
    shapes: [x],
    run: ([logits], device) => {
      const random = new Random(seed);
      const lead = x.slice(0, -1);
      const ids = Array.from({ length: sizeOf(lead) }, () => random.below(x.at(-1)! + 1) - 1);
      return ops.crossEntropy(logits, device.ids(ids, lead));
    },
  })),
  // Narrow rows may have nearly no deviation to divide by, and then float32 has nearly no digits left.
  layerNorm: rows
    .filter((x) => x.at(-1)! > 7)
    .map((x) => ({
      shapes: [x, x.slice(-1), x.slice(-1)],
      run: ([input, gain, bias]) => ops.layerNorm(input, gain, bias),
    })),
  embedding: fc.tuple(positive, positive, shape, fc.integer()).map(([entries, size, idsShape, seed]) => ({
    shapes: [[entries, size]],
    run: ([table], device) => {
      const random = new Random(seed);
      const ids = Array.from({ length: sizeOf(idsShape) }, () => random.below(entries));
      return ops.embedding(table, device.ids(ids, idsShape));
    },
  })),
  dropout: fc.tuple(shape, fc.double({ min: 0, max: 0.9, noNaN: true }), fc.integer()).map(([x, rate, seed]) => ({
    shapes: [x],
    run: ([input]) => ops.dropout(input, rate, new Random(seed)),
  })),
  'sum over axes': fc
    .array(extent, { minLength: 1, maxLength: 4 })
    .chain((x) => fc.tuple(fc.constant(x), fc.array(axisOf(x), { maxLength: 4 })))
    .map(([x, axes]) => ({ shapes: [x], run: ([input]) => ops.sum(input, { axes }) })),
  'max over an axis': rows.chain((x) => fc.constant({ shapes: [x], run: ([input]) => ops.max(input, { axes: -1 }) })),
  mean: one(rows, (x) => ops.mean(x, { axes: -1 })),
  transpose: shape.chain((x) => {
    const axes = x.map((_, axis) => axis);
    const order = fc.shuffledSubarray(axes, { minLength: axes.length });
    return order.map((by) => ({ shapes: [x], run: ([input]) => ops.transpose(input, by) }));
  }),
  'slice, flip and concat': rows.chain((x) =>
    fc.tuple(axisOf(x), fc.nat(), fc.nat()).map(([axis, a, b]) => {
      const n = x.at(axis)!;
      const [start, end] = [a % (n + 1), b % (n + 1)].sort((left, right) => left - right);
      return {
        shapes: [x],
        run: ([input]) => ops.concat([ops.flip(ops.slice(input, axis, start, end), axis), input], axis),
      };
    }),
  ),
  recurrent: fc
    .record({
      cell: fc.constantFrom('rnn' as const, 'lstm' as const, 'gru' as const),
      reset: fc.constantFrom('after' as const, 'before' as const),
      activation: fc.constantFrom('tanh' as const, 'relu' as const, 'sigmoid' as const),
      bias: fc.boolean(),
      bidirectional: fc.boolean(),
      layers: fc.integer({ min: 1, max: 2 }),
      T: fc.integer({ min: 1, max: 7 }),
      B: positive,
      F: positive,
      hidden: positive,
      seed: fc.nat(),
      unequal: fc.boolean(),
    })
    .map(({ cell, reset, activation, bias, bidirectional, layers, T, B, F, hidden, seed, unequal }) => ({
      shapes: [[T, B, F]],
      run: ([xs], device) => {
        const options = { rnn: { activation }, lstm: {}, gru: { reset } }[cell];
        const layer = new Recurrent({ cell: { cell, hidden, bias, ...options } as BuiltInCell, layers, bidirectional });
        initialiseParameters(layer, [-1, -1, F], device, seed);
        const random = new Random(seed);
        const lengths = unequal ? Array.from({ length: B }, () => random.below(T + 1)) : null;
        return layer.run(xs, undefined, { lengths }).outputs;
      },
    })),
};

/** Numbers that float32 has exactly, so that both devices start from the same. */
function fill(shapes: readonly Shape[], device: Device): Tensor[] {
  const random = new Random(11);
  return shapes.map((each) =>
    device.tensor(
      Array.from({ length: sizeOf(each) }, () => Math.fround(4 * random.uniform() - 2)),
      each,
    ),
  );
}

describe('for inputs of all shapes the wasm device gives values and gradients of the reference', () => {
  let devices: Device[];
  beforeAll(async () => {
    devices = [await openDevice('reference'), await openDevice('wasm', { parallelFrom: 2000 })];
  });
  afterAll(() => {
    for (const device of devices) device.close();
  });

  const evaluate = (device: Device, { shapes, run }: Computation) =>
    device.scope(() => {
      const inputs = fill(shapes, device).map((input) => input.track());
      const y = run(inputs, device);
      const [weights] = fill([y.shape], device);
      const found = gradients(ops.sum(mul(y, weights)), inputs);
      return { shape: y.shape, values: [y, ...found].map((tensor) => tensor.data()) };
    });

  test.each(Object.keys(computations))('%s', (name) => {
    fc.assert(
      fc.property(computations[name], (computation) => {
        const [expected, actual] = devices.map((device) => evaluate(device, computation));
        expect(actual.shape).toEqual(expected.shape);
        expected.values.forEach((values, index) => {
          const scale = Array.from(values, Math.abs).reduce((most, value) => Math.max(most, value), 1);
          const what = index === 0 ? 'values' : `gradient of input ${index - 1}`;
          const scaled = (of: ArrayLike<number>): number[] => Array.from(of, (value) => value / scale);
          expect(largestDifference(scaled(actual.values[index]), scaled(values)), what).toBeLessThan(1e-5);
        });
      }),
      // The same cases every time: a tolerance is no law, and must not fail by chance.
      { numRuns: 60, seed: 1 },
    );
  });
});
