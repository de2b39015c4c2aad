import { expect, test, vi } from 'vitest';
import { gradients } from '../autodiff/gradients.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { createDevice } from './create-device.ts';
import { add, embedding, mul, recurrent, sum } from './index.ts';

const backend = referenceBackend();
const device = createDevice(backend);
const random = new Random(1);
const normal = (shape: Shape): Tensor =>
  device.tensor(
    Array.from({ length: sizeOf(shape) }, () => random.normal()),
    shape,
  );

const [T, B, V, F, H] = [6, 4, 5, 3, 4];
const ids = device.ids(
  Array.from({ length: T * B }, () => random.below(V - 1)),
  [T, B],
);
const weights = normal([T, B, H]);

test.each([
  { kind: 'rnn', activation: 'tanh', gates: 1 },
  { kind: 'lstm', gates: 4 },
  { kind: 'gru', reset: 'after', update: 'keep', gates: 3 },
  { kind: 'gru', reset: 'before', update: 'keep', gates: 3 },
] as const)(
  '$kind, reset $reset: an embedding of few ids is looked up after W_ih, with the same results',
  ({ gates: G, ...cell }) => {
    const shapes = [[V, F], [G * H, F], [G * H, H], [G * H], [G * H], [B, H], [B, H]];
    const leaves = shapes.map((shape) => normal(shape).track());
    const [table, weightIh, weightHh, biasIh, biasHh, h, c] = leaves;
    const parameters = { weightIh, weightHh, biasIh, biasHh };
    const seen = vi.spyOn(backend, 'recurrent');
    const of = (xs: Tensor, looksUp: boolean) => {
      const result = recurrent(xs, { h, c }, parameters, { cell, reverse: false });
      expect(seen.mock.lastCall![0].ids !== null).toBe(looksUp);
      const found = gradients(sum(mul(result.h, weights)), cell.kind === 'lstm' ? leaves : leaves.slice(0, -1));
      return [result.h, ...found].map((tensor) => [...tensor!.data()]);
    };
    const [quick, usual] = [of(embedding(table, ids), true), of(add(embedding(table, ids), 0), false)];
    for (const [i, numbers] of quick.entries())
      for (const [k, value] of numbers.entries()) expect(value).toBeCloseTo(usual[i][k], 12);
    // Nothing is gained without gradients, nor where there are as many ids as rows.
    recurrent(embedding(table.detach(), ids), { h, c }, parameters, { cell, reverse: false });
    expect(seen.mock.lastCall![0].ids).toBe(null);
    const few = device.ids([1, 2, 3, 0], [1, B]);
    recurrent(embedding(table, few), { h, c }, parameters, { cell, reverse: false });
    expect(seen.mock.lastCall![0].ids).toBe(null);
    seen.mockRestore();
  },
);
