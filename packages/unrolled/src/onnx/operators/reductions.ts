import { abs, argmax, exp, log, max, mean, min, sqrt, square, sum } from '../../ops/index.ts';
import { sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Operator } from '../node.ts';
import { numbersOf, onDevice, onHost, tensorOf, type Value } from '../value.ts';
import { rounded } from './elementwise.ts';
import { axesGiven } from './shapes.ts';
import { axesOf, axisOf, transposed } from './strided.ts';

interface Reduction {
  /** Null: only of numbers on the host. */
  readonly on:
    | ((x: Tensor, options: { readonly axes: readonly number[]; readonly keepDims: boolean }) => Tensor)
    | null;
  /** The same of numbers on the host; null: only on the device. */
  readonly numbers: ((numbers: readonly number[]) => number) | null;
  /** The version since which axes are an input. */
  readonly since?: number;
}

const total = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

const reduction = ({ on, numbers, since = 18 }: Reduction): Operator => ({
  inputs: [1, 2],
  build: (node) => {
    const keepDims = node.flag('keepdims', true);
    const isIdentity = node.version >= since && node.flag('noop_with_empty_axes');
    const given = axesGiven(node, since);
    return ([x, axesIn]) => {
      const { shape } = x!;
      const named = given(axesIn);
      if (!named?.length && isIdentity) return [x!];
      const axes = named?.length ? axesOf(named, shape.length, node) : shape.map((_, axis) => axis);
      const isWhole = x!.kind === 'integer';
      if (numbers && (x!.numbers || isWhole || on === null)) {
        return [onHosts(onHost(x!.kind, shape, numbersOf(x!, node.label)), axes, keepDims, numbers)];
      }
      if (on === null || isWhole) throw node.refusal('reduces whole numbers, which is not done');
      return [onDevice(on(tensorOf(x!, node.device), { axes, keepDims }))];

      function onHosts(
        value: Value,
        along: readonly number[],
        keeps: boolean,
        of: NonNullable<Reduction['numbers']>,
      ): Value {
        const rest = shape.flatMap((_, axis) => (along.includes(axis) ? [] : [axis]));
        const rows = transposed(value, [...rest, ...along], node).numbers!;
        const width = sizeOf(along.map((axis) => shape[axis]));
        const results = Float64Array.from({ length: sizeOf(rest.map((axis) => shape[axis])) }, (_, i) =>
          rounded(value.kind, of(Array.prototype.slice.call(rows, i * width, (i + 1) * width))),
        );
        const kept = keeps ? shape.map((n, axis) => (along.includes(axis) ? 1 : n)) : rest.map((axis) => shape[axis]);
        return onHost(value.kind, kept, results);
      }
    };
  },
});

const argmaxOperator: Operator = {
  inputs: [1, 1],
  build: (node) => {
    const axis = node.integer('axis', 0);
    const keepDims = node.flag('keepdims', true);
    node.requireOnly('select_last_index', 0);
    return ([x]) => {
      const index = axisOf(axis, x!.shape.length, node);
      const y = argmax(tensorOf(x!, node.device), index);
      const shape = keepDims ? x!.shape.map((n, i) => (i === index ? 1 : n)) : y.shape;
      return [onDevice(y.view(shape), 'integer')];
    };
  },
};

export const reductions: Readonly<Record<string, Operator>> = {
  ReduceSum: reduction({ on: sum, numbers: total, since: 13 }),
  ReduceMean: reduction({ on: mean, numbers: (all) => total(all) / all.length }),
  ReduceMax: reduction({ on: max, numbers: (all) => all.reduce((a, b) => Math.max(a, b), -Infinity) }),
  ReduceMin: reduction({ on: min, numbers: (all) => all.reduce((a, b) => Math.min(a, b), Infinity) }),
  ReduceProd: reduction({
    on: null,
    numbers: (all) => all.reduce((a, b) => a * b, 1),
  }),
  ReduceSumSquare: reduction({ on: (x, options) => sum(square(x), options), numbers: null }),
  ReduceL1: reduction({ on: (x, options) => sum(abs(x), options), numbers: null }),
  ReduceL2: reduction({ on: (x, options) => sqrt(sum(square(x), options)), numbers: null }),
  ReduceLogSum: reduction({ on: (x, options) => log(sum(x, options)), numbers: null }),
  ReduceLogSumExp: reduction({ on: (x, options) => log(sum(exp(x), options)), numbers: null }),
  ArgMax: argmaxOperator,
};
