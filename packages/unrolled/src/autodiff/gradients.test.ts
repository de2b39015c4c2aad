import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ScopeError, ShapeError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import {
  add,
  at,
  dropout,
  embedding,
  exp,
  maximum,
  mul,
  scale,
  select,
  square,
  stack,
  sum,
  tanh,
} from '../ops/index.ts';
import { Random } from '../random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { gradientError } from './check.ts';
import { gradients } from './gradients.ts';
import { apply, type Operation } from './operation.ts';

const device = createDevice(referenceBackend());
const numbers = fc.array(fc.double({ min: -2, max: 2, noNaN: true }), { minLength: 1, maxLength: 6 });
const gradientAt = (values: readonly number[], loss: (x: Tensor) => Tensor): number[] => {
  const x = device.tensor(values).track();
  return [...gradients(loss(x), [x])[0].data()];
};
const expectClose = (actual: readonly number[], expected: readonly number[]): void => {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], 10);
  });
};

describe('gradients', () => {
  const f = (x: Tensor): Tensor => sum(tanh(mul(x, 3)));
  const g = (x: Tensor): Tensor => sum(mul(exp(x), x));

  test('of a sum are the sum of the gradients, for all inputs', () => {
    fc.assert(
      fc.property(numbers, fc.double({ min: -3, max: 3, noNaN: true }), (values, factor) => {
        const [df, dg] = [gradientAt(values, f), gradientAt(values, g)];
        const both = gradientAt(values, (x) => add(f(x), scale(g(x), factor)));
        expectClose(
          both,
          df.map((value, i) => value + factor * dg[i]),
        );
      }),
    );
  });

  test('follow the chain rule through an intermediate tensor, which may be asked for as well', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        const x = device.tensor(values).track();
        const y = tanh(x);
        const [dx, dy] = gradients(sum(square(y)), [x, y]);
        const ys = [...y.data()];
        expectClose(
          [...dy.data()],
          ys.map((value) => 2 * value),
        );
        expectClose(
          [...dx.data()],
          ys.map((value) => 2 * value * (1 - value * value)),
        );
      }),
    );
  });

  test('add up where an intermediate tensor is used several times', () => {
    fc.assert(
      fc.property(numbers, (values) => {
        // L = Σ (y² + 3y + y) with y = 2x: dL/dx = 2 (2y + 4) = 8x + 8.
        const dx = gradientAt(values, (x) => {
          const y = scale(x, 2);
          return add(add(sum(square(y)), sum(mul(y, 3))), sum(y));
        });
        expectClose(
          dx,
          values.map((value) => 8 * value + 8),
        );
      }),
    );
  });

  test('with a seed are those of the seed-weighted sum', () => {
    const seed = device.tensor([2, -1]);
    const x = device.tensor([0.3, 0.7]).track();
    const [seeded] = gradients(tanh(x), [x], seed);
    expectClose(
      [...seeded.data()],
      gradientAt([0.3, 0.7], (leaf) => sum(mul(tanh(leaf), seed))),
    );
  });

  test('of the loss with respect to itself are 1', () => {
    const x = device.tensor(3).track();
    expect(gradients(x, [x])[0].item()).toBe(1);
    const loss = sum(square(device.ones([2]).track()));
    expect(gradients(loss, [loss])[0].item()).toBe(1);
  });

  test('asked for twice in one call are given twice', () => {
    const x = device.tensor([2]).track();
    expect(gradients(sum(square(x)), [x, x]).map((each) => each.item())).toEqual([4, 4]);
  });

  test('do not change the seed, and do not share memory that a later sum changes', () => {
    const seed = device.tensor([1, 1]);
    const x = device.tensor([1, 2]).track();
    const y = device.tensor([1, 2]).track();
    const shared = add(x, y);
    const [dx, dy] = gradients(add(shared, add(x, x)), [x, y], seed);
    expect([...seed.data()]).toEqual([1, 1]);
    expect([...dx.data()]).toEqual([3, 3]);
    expect([...dy.data()]).toEqual([1, 1]);
  });

  test('stop at what is detached, and at constants', () => {
    expect(gradientAt([2, 3], (x) => sum(mul(x.detach(), x)))).toEqual([2, 3]);
    const c = device.tensor([1]);
    const x = device.tensor([1]).track();
    expect(gradients(sum(mul(x, c)), [c])[0].item()).toBe(0);
  });

  test('are not poisoned by a NaN that was not chosen', () => {
    const bad = gradientAt([0, 4], (x) => sum(select(x, x.sqrt(), 7)));
    expect(bad[1]).toBe(0.25);
    expect(gradientAt([-1, 4], (x) => sum(select(x.greater(0), x.log(), 0)))[1]).toBe(0.25);
  });

  test('go through a graph of 50,000 operations', () => {
    device.scope(() => {
      let y = device.tensor([1]).track();
      const x = y;
      for (let i = 0; i < 50_000; i++) y = add(y, 1);
      expect(gradients(sum(y), [x])[0].item()).toBe(1);
    });
  });

  test('arrive in time order however the graph was put together', () => {
    const xs = device.tensor([[1], [2], [3]]).track();
    let h = at(xs, 2);
    for (const t of [1, 0]) h = mul(h, at(xs, t));
    expect(gradients(sum(h), [xs])[0].toArray()).toEqual([[6], [3], [2]]);
    const again = device.tensor([[1], [2]]).track();
    expect(gradients(sum(square(stack([at(again, 1), at(again, 1)]))), [again])[0].toArray()).toEqual([[0], [8]]);
  });

  test('of a graph whose scope has ended are a named error', () => {
    const x = device.tensor([1, 2]).track();
    const loss = device.scope(() => sum(square(tanh(x))));
    expect(() => gradients(loss, [x])).toThrow(ScopeError);
  });

  test('of ids do not exist, and of their table count every use', () => {
    const table = device.tensor([[1], [2]]).track();
    const [d] = gradients(sum(embedding(table, device.ids([1, 1, 1]))), [table]);
    expect(d.toArray()).toEqual([[0], [3]]);
  });
});

describe('a gradient rule', () => {
  test('that changes nothing gives the gradient', () => {
    const x = device.tensor([0.3, -2]).track();
    const [d] = gradients(sum(tanh(x)), [x], undefined, (_, given) => given);
    expect([...d.data()]).toEqual(gradientAt([0.3, -2], (leaf) => sum(tanh(leaf))));
  });

  test('sees each recording once, latest first, and replaces what flows into it', () => {
    const seen: string[] = [];
    const x = device.tensor([1, -1]).track();
    const [d] = gradients(sum(scale(square(x), 3)), [x], undefined, ({ name }, given) => {
      seen.push(name);
      return name === 'square' ? given.map((dy) => dy && maximum(dy, 10)) : given;
    });
    expect(seen).toEqual(['squeeze', 'reduce', 'scale', 'square']);
    expect([...d.data()]).toEqual([20, -20]);
  });
});

describe('an operation', () => {
  test('is asked for the gradients of no leaf but the sources', () => {
    const asked: (readonly boolean[])[] = [];
    const first: Operation<[Tensor, Tensor], null, null> = {
      name: 'first',
      forward: ([x]) => ({ outputs: [x.view(x.shape)], saved: null }),
      backward({ gradients: [dy], wanted }) {
        asked.push(wanted);
        return [dy, dy];
      },
    };
    const [x, weight, constant] = [device.ones([2]).track(), device.ones([2]).track(), device.ones([2])];
    const through = (a: Tensor, b: Tensor): Tensor => apply(first, [a, b], null);
    const loss = sum(through(through(x, weight), constant));
    expect(gradients(loss, [x])[0].toArray()).toEqual([1, 1]);
    expect(asked).toEqual([
      [true, false],
      [true, false],
    ]);
  });
});

describe('gradientError', () => {
  const x = device.tensor([0.5, -1.2]);

  test('is tiny for a right gradient', async () => {
    expect(await gradientError([x], ([leaf]) => sum(exp(leaf)))).toBeLessThan(1e-8);
  });

  test('is large where a part of the loss is hidden from the gradient', async () => {
    expect(await gradientError([x], ([leaf]) => sum(mul(leaf.detach(), leaf)))).toBeGreaterThan(0.1);
  });

  test('is infinite for a gradient that is not a number', async () => {
    expect(await gradientError([device.tensor([0])], ([leaf]) => sum(mul(leaf.sqrt(), 0)))).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  test('works with randomness that is the same at every call', async () => {
    expect(await gradientError([x], ([leaf]) => sum(dropout(leaf, 0.5, new Random(1))))).toBeLessThan(1e-8);
  });

  test('is for losses of one number', async () => {
    await expect(gradientError([x], ([leaf]) => maximum(leaf, 0))).rejects.toThrow(ShapeError);
  });
});
