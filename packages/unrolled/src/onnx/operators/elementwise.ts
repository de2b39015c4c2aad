import {
  abs,
  add,
  div,
  equal,
  exp,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  maximum,
  minimum,
  mul,
  neg,
  reciprocal,
  select,
  sign,
  sqrt,
  square,
  sub,
} from '../../ops/index.ts';
import { broadcastShapes, broadcastStrides, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type Node, type Operator, several } from '../node.ts';
import { numbersOf, onDevice, onHost, tensorOf, type Value } from '../value.ts';
import { copyPart } from './strided.ts';

type OnTensors = (a: Tensor, b: Tensor) => Tensor;
type OnNumbers = (a: number, b: number) => number;

/** f(x), on the host where the numbers are there. */
export const unary = (onTensor: ((x: Tensor) => Tensor) | null, onNumber: (x: number) => number): Operator => ({
  inputs: [1, 1],
  build:
    (node) =>
    ([x]) => {
      if (x!.numbers || x!.kind === 'integer' || onTensor === null) {
        return [onHost(x!.kind, x!.shape, mapped(numbersOf(x!, node.label), x!.kind, onNumber))];
      }
      return [onDevice(onTensor(tensorOf(x!, node.device)))];
    },
});

export const rounded = (kind: Value['kind'], value: number): number => (kind === 'float' ? Math.fround(value) : value);

const mapped = (numbers: ArrayLike<number>, kind: Value['kind'], f: (x: number) => number): Float64Array =>
  Float64Array.from(numbers, (x) => rounded(kind, f(x)));

export function broadcast(value: Value, shape: readonly number[], node: Node): Value {
  const strides = broadcastStrides(value.shape, shape);
  return copyPart(value, { start: 0, strides, extents: shape }, node);
}

/** a ∘ b with broadcasting, on the host where both are there. */
export function combine(a: Value, b: Value, kind: Value['kind'], on: Pair, node: Node): Value {
  const shape = broadcastShapes(node.label, a.shape, b.shape);
  const isWhole = a.kind === 'integer' && b.kind === 'integer';
  if ((a.numbers && b.numbers) || isWhole || on.tensors === null) {
    node.requireRoom(shape, 'host');
    const [left, right] = [a, b].map((one) => {
      const known = onHost(one.kind, one.shape, numbersOf(one, node.label));
      return broadcast(known, shape, node).numbers!;
    });
    return onHost(
      kind,
      shape,
      Float64Array.from({ length: sizeOf(shape) }, (_, i) => rounded(kind, on.numbers(left[i], right[i]))),
    );
  }
  node.requireRoom(shape, 'device');
  return onDevice(on.tensors(tensorOf(a, node.device), tensorOf(b, node.device)), kind);
}

interface Pair {
  readonly tensors: OnTensors | null;
  readonly numbers: OnNumbers;
}

const arithmetic = (tensors: OnTensors, numbers: OnNumbers, ofIntegers: OnNumbers = numbers): Operator => ({
  inputs: [2, 2],
  build: (node) => {
    if (node.version < 7) throw legacy(node);
    return ([a, b]) => [
      combine(a!, b!, a!.kind, { tensors, numbers: a!.kind === 'integer' ? ofIntegers : numbers }, node),
    ];
  },
});

/** Before version 7 broadcasting had attributes, and other rules. */
const legacy = (node: Node) =>
  node.refusal(
    `is of operator set ${node.version}; 7 and later are read: convert the model with onnx.version_converter`,
  );

const comparison = (tensors: OnTensors, numbers: (a: number, b: number) => boolean): Operator => ({
  inputs: [2, 2],
  build: (node) => {
    if (node.version < 7) throw legacy(node);
    return ([a, b]) => [combine(a!, b!, 'boolean', { tensors, numbers: (x, y) => Number(numbers(x, y)) }, node)];
  },
});

/** Of any number of inputs. */
const folded = (tensors: OnTensors, numbers: OnNumbers, mean = false): Operator => ({
  inputs: [1, several],
  build: (node) => (inputs) => {
    const sum = inputs.slice(1).reduce<Value>((a, b) => combine(a, b!, a.kind, { tensors, numbers }, node), inputs[0]!);
    const each: Value = onHost('float', [], [1 / inputs.length]);
    return [mean ? combine(sum, each, 'float', { tensors: mul, numbers: (a, b) => a * b }, node) : sum];
  },
});

const powOperator: Operator = {
  inputs: [2, 2],
  build: (node) => {
    const power = node.constants[1]?.numbers;
    return ([x, y]) => {
      if (x!.numbers && y!.numbers) return [combine(x!, y!, x!.kind, { tensors: null, numbers: Math.pow }, node)];
      const of = power?.length === 1 ? powers[power[0]] : undefined;
      if (!of) {
        const given = power ? ` [${Array.from(power).slice(0, 4)}]` : ' that are not constant';
        throw node.refusal(`has exponents${given}; one constant of ${Object.keys(powers).join(', ')} is read`);
      }
      return [onDevice(of(tensorOf(x!, node.device)))];
    };
  },
};

const powers: Readonly<Record<number, (x: Tensor) => Tensor>> = {
  0.5: sqrt,
  1: (x) => x,
  2: square,
  3: (x) => mul(square(x), x),
  4: (x) => square(square(x)),
  [-1]: reciprocal,
  [-0.5]: (x) => reciprocal(sqrt(x)),
};

const whereOperator: Operator = {
  inputs: [3, 3],
  build:
    (node) =>
    ([condition, a, b]) => {
      const shape = broadcastShapes(node.label, condition!.shape, broadcastShapes(node.label, a!.shape, b!.shape));
      const onHosts = condition!.numbers && a!.numbers && b!.numbers;
      node.requireRoom(shape, onHosts ? 'host' : 'device');
      if (onHosts) {
        const [which, yes, no] = [condition!, a!, b!].map((one) => broadcast(one, shape, node).numbers!);
        return [
          onHost(
            a!.kind,
            shape,
            Float64Array.from({ length: sizeOf(shape) }, (_, i) => (which[i] ? yes[i] : no[i])),
          ),
        ];
      }
      const [which, yes, no] = [condition!, a!, b!].map((one) => tensorOf(one, node.device));
      return [onDevice(select(which, yes, no), a!.kind)];
    },
};

const logical = (tensors: OnTensors, numbers: OnNumbers): Operator => ({
  inputs: [2, 2],
  build:
    (node) =>
    ([a, b]) => [combine(a!, b!, 'boolean', { tensors, numbers }, node)],
});

/** To the nearest, of two equally near the even one. */
function roundEven(x: number): number {
  const near = Math.round(x);
  return Math.abs(x % 1) === 0.5 && near % 2 !== 0 ? near - 1 : near;
}

export const elementwise: Readonly<Record<string, Operator>> = {
  Neg: unary(neg, (x) => -x),
  Abs: unary(abs, Math.abs),
  Exp: unary(exp, Math.exp),
  Log: unary(log, Math.log),
  Sqrt: unary(sqrt, Math.sqrt),
  Reciprocal: unary(reciprocal, (x) => 1 / x),
  Sign: unary(sign, Math.sign),
  Floor: unary(null, Math.floor),
  Ceil: unary(null, Math.ceil),
  Round: unary(null, roundEven),
  Not: unary(
    (x) => equal(x, 0),
    (x) => Number(x === 0),
  ),
  Add: arithmetic(add, (a, b) => a + b),
  Sub: arithmetic(sub, (a, b) => a - b),
  Mul: arithmetic(mul, (a, b) => a * b),
  Div: arithmetic(
    div,
    (a, b) => a / b,
    (a, b) => (b === 0 ? 0 : Math.trunc(a / b)),
  ),
  Pow: powOperator,
  Min: folded(minimum, Math.min),
  Max: folded(maximum, Math.max),
  Sum: folded(add, (a, b) => a + b),
  Mean: folded(add, (a, b) => a + b, true),
  Equal: comparison(equal, (a, b) => a === b),
  Less: comparison(less, (a, b) => a < b),
  LessOrEqual: comparison(lessEqual, (a, b) => a <= b),
  Greater: comparison(greater, (a, b) => a > b),
  GreaterOrEqual: comparison(greaterEqual, (a, b) => a >= b),
  And: logical(mul, (a, b) => Number(a !== 0 && b !== 0)),
  Or: logical(maximum, (a, b) => Number(a !== 0 || b !== 0)),
  Where: whereOperator,
  Identity: { inputs: [1, 1], build: () => (inputs) => inputs },
  Dropout: {
    inputs: [1, 3],
    // A model that runs does not drop anything; ratio and seed are of training.
    build: (node) => {
      node.float('ratio', 0.5);
      node.integer('seed', 0);
      if (node.constants[2]?.numbers?.[0])
        throw node.refusal('drops values in training mode; export the model for inference');
      if ((node.outputs[1] ?? '') !== '') throw node.refusal('gives its mask, which is not read', { output: 1 });
      return ([x]) => [x];
    },
  },
};
