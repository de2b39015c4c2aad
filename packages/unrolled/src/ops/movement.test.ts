import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gradients } from '../autodiff/gradients.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ShapeError } from '../errors.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { createDevice } from './create-device.ts';
import {
  add,
  append,
  at,
  broadcastTo,
  concat,
  flip,
  matmul,
  reshape,
  slice,
  stack,
  sum,
  tanh,
  transpose,
  unstack,
} from './index.ts';

const device = createDevice(referenceBackend());

/** 0, 1, 2, … in a shape. */
const counting = (shape: Shape): Tensor =>
  device.tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => i),
    shape,
  );

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
const nonEmptyShapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
const shapesAndAxes = nonEmptyShapes.chain((shape) =>
  fc.record({ shape: fc.constant(shape), axis: fc.integer({ min: -shape.length, max: shape.length - 1 }) }),
);

describe('reshape', () => {
  test('there and back is the same tensor, for all shapes', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const x = counting(shape);
        const back = reshape(reshape(x, [x.size]), shape);
        expect(back.shape).toEqual(shape);
        expect([...back.data()]).toEqual([...x.data()]);
      }),
    );
  });

  test('works out the extent that is −1, for all shapes that hold anything', () => {
    fc.assert(
      fc.property(shapesAndAxes, ({ shape, axis }) => {
        const asked = shape.map((extent, i) => (i === (axis + shape.length) % shape.length ? -1 : extent));
        expect(reshape(counting([sizeOf(shape)]), asked).shape).toEqual(shape);
      }),
    );
  });

  test.each<[Shape, Shape]>([
    [[7], [2, 3]],
    [[7], [2, -1]],
    [[6], [-2, -3]],
    [[6], [-1, -1]],
    [[4], [0.5, 8]],
    [[0], [-1, 0]],
    [[], [2]],
  ])('%j does not fit %j, and the error says both', (from, to) => {
    const wrong = () => reshape(counting(from), to);
    expect(wrong).toThrow(ShapeError);
    expect(wrong).toThrow(`[${from.join(', ')}] holds ${sizeOf(from)} numbers, [${to.join(', ')}] does not`);
  });
});

describe('transpose', () => {
  test('by an order and then by its inverse is the same tensor, for all orders', () => {
    const cases = nonEmptyShapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        order: fc.shuffledSubarray(
          shape.map((_, axis) => axis),
          { minLength: shape.length },
        ),
      }),
    );
    fc.assert(
      fc.property(cases, ({ shape, order }) => {
        const x = counting(shape);
        const y = transpose(x, order);
        expect(y.shape).toEqual(order.map((axis) => shape[axis]));
        const inverse = order.map((_, axis) => order.indexOf(axis));
        expect([...transpose(y, inverse).data()]).toEqual([...x.data()]);
      }),
    );
  });

  test('without an order the last two axes change places', () => {
    expect(transpose(counting([2, 3])).toArray()).toEqual([
      [0, 3],
      [1, 4],
      [2, 5],
    ]);
    expect(transpose(counting([2, 3, 4])).shape).toEqual([2, 4, 3]);
    expect(transpose(counting([3])).toArray()).toEqual([0, 1, 2]);
  });

  test('an order that does not name each axis once is an error that says so', () => {
    expect(() => transpose(counting([2, 3]), [0, 0])).toThrow('order [0,0] does not name each axis of [2, 3] once');
    expect(() => transpose(counting([2, 3]), [0])).toThrow(ShapeError);
    expect(() => transpose(counting([2, 3]), [0, 2])).toThrow('axis 2 does not exist in shape [2, 3]');
  });
});

describe('parts and their whole', () => {
  test('cutting anywhere along any axis and joining again is the same tensor', () => {
    fc.assert(
      fc.property(shapesAndAxes, fc.nat(), ({ shape, axis }, seed) => {
        const x = counting(shape);
        const cut = seed % (shape.at(axis)! + 1);
        const joined = concat([slice(x, axis, 0, cut), slice(x, axis, cut)], axis);
        expect(joined.shape).toEqual(shape);
        expect([...joined.data()]).toEqual([...x.data()]);
      }),
    );
  });

  test('append equals concat, leaves what it is given as it is, and copies where two grow out of one', () => {
    fc.assert(
      fc.property(shapesAndAxes, fc.nat(2), ({ shape, axis: either }, n) => {
        const axis = (either + shape.length) % shape.length;
        const x = counting(shape);
        const y = counting(shape.with(axis, n));
        const kept = [...x.data()];
        const [one, other] = [append(x, y, axis), append(x, y.mul(2), axis)];
        const longer = append(one, y, axis);
        expect(longer.toArray()).toEqual(concat([x, y, y], axis).toArray());
        expect(append(one, y.mul(3), axis).toArray()).toEqual(concat([x, y, y.mul(3)], axis).toArray());
        expect(one.toArray()).toEqual(concat([x, y], axis).toArray());
        expect(other.toArray()).toEqual(concat([x, y.mul(2)], axis).toArray());
        expect(longer.toArray()).toEqual(concat([one, y], axis - shape.length).toArray());
        expect([...x.data()]).toEqual(kept);
      }),
    );
  });

  test('n appends write n times, and gradients flow through those that are recorded', () => {
    const step = counting([1, 1, 4]);
    let all = append(step, step, 1);
    const { allocation } = all;
    let copies = 0;
    for (let t = 2; t < 1000; t++) {
      const { memory } = all.allocation;
      all = append(all, step, 1);
      if (all.allocation.memory !== memory) copies++;
    }
    expect(all.shape).toEqual([1, 1000, 4]);
    expect(copies).toBeLessThan(20);
    expect(allocation.released).toBe(false);
    const x = counting([1, 2]).track();
    const [dx] = gradients(sum(append(x, x, 1).mul(x.device.tensor([1, 2, 3, 4], [1, 4]))), [x]);
    expect([...dx.data()]).toEqual([4, 6]);
  });

  test('stacking what unstack took apart is the same tensor', () => {
    fc.assert(
      fc.property(nonEmptyShapes, (shape) => {
        const x = counting(shape);
        expect([...stack(unstack(x)).data()]).toEqual([...x.data()]);
        expect([...stack(unstack(x).map((_, t) => at(x, t))).data()]).toEqual([...x.data()]);
      }),
    );
  });

  test('flipping an axis twice is the same tensor', () => {
    fc.assert(
      fc.property(shapesAndAxes, ({ shape, axis }) => {
        const x = counting(shape);
        expect([...flip(flip(x, axis), axis).data()]).toEqual([...x.data()]);
      }),
    );
  });

  test('what lies outside is an error that names range, axis and shape', () => {
    const x = counting([3, 4]);
    expect(() => slice(x, 1, 2, 5)).toThrow('slice: 2 to 5 is not within axis 1 of [3, 4]');
    expect(() => slice(x, 1, 3, 2)).toThrow(ShapeError);
    expect(() => at(x, 3)).toThrow('is not within axis 0 of [3, 4]');
    expect(() => concat([x, counting([2, 4])], 1)).toThrow('shapes [3, 4] and [2, 4] differ outside of axis 1');
    expect(() => concat([])).toThrow('needs at least one');
    expect(() => unstack(counting([]))).toThrow(ShapeError);
    expect(() => broadcastTo(x, [3])).toThrow('broadcastTo');
    expect(() => broadcastTo(counting([3]), [4])).toThrow('3 against 4 at axis 0');
  });
});

describe('ids', () => {
  const ids = device.ids([
    [1, 2, 3],
    [4, 5, 6],
  ]);

  test('stay int32 however they are moved', () => {
    const moved = {
      reshape: reshape(ids, [3, 2]),
      transpose: transpose(ids),
      slice: slice(ids, 1, 1),
      at: at(ids, 0),
      concat: concat([ids, ids], 1),
      stack: stack([ids, ids]),
      flip: flip(ids, 1),
      broadcastTo: broadcastTo(ids, [2, 2, 3]),
    };
    for (const [name, y] of Object.entries(moved)) expect(y.data(), name).toBeInstanceOf(Int32Array);
    expect(moved.transpose.toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(moved.flip.toArray()).toEqual([
      [3, 2, 1],
      [6, 5, 4],
    ]);
  });

  test('are refused, by name, where numbers are computed with', () => {
    expect(() => add(ids, 1)).toThrow('add: computes with float64 numbers, received int32 [2, 3]');
    expect(() => tanh(ids)).toThrow(ShapeError);
    expect(() => sum(ids)).toThrow(ShapeError);
    expect(() => matmul(device.ones([2, 2]), ids)).toThrow('matmul: computes with');
    expect(() => concat([device.ones([2, 3]), ids])).toThrow('tensors of float64 and int32 do not join');
  });
});
