import {
  abs,
  add,
  div,
  equal,
  exp,
  gelu,
  geluTanh,
  greater,
  logSoftmax,
  maximum,
  minimum,
  mul,
  relu,
  reshape,
  scale,
  select,
  sigmoid,
  softmax,
  softplus,
  sub,
  tanh,
  transpose,
} from '../../ops/index.ts';
import { sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Node, Operator } from '../node.ts';
import { onDevice, onHost, tensorOf } from '../value.ts';
import { rounded } from './elementwise.ts';
import { erf } from './erf.ts';
import { axisOf } from './strided.ts';

export const clip = (x: Tensor, from: number, to: number): Tensor => minimum(maximum(x, from), to);
export const hardSigmoid = (x: Tensor, alpha: number, beta: number): Tensor => clip(add(scale(x, alpha), beta), 0, 1);
export const leakyRelu = (x: Tensor, alpha: number): Tensor => select(greater(x, 0), x, scale(x, alpha));
export const elu = (x: Tensor, alpha: number): Tensor =>
  select(greater(x, 0), x, scale(sub(exp(minimum(x, 0)), 1), alpha));
export const softsign = (x: Tensor): Tensor => div(x, add(abs(x), 1));
export const thresholdedRelu = (x: Tensor, alpha: number): Tensor => mul(x, greater(x, alpha));

/** An activation on the device, made from the node's attributes. */
const activation = (make: (node: Node) => (x: Tensor) => Tensor): Operator => ({
  inputs: [1, 1],
  build: (node) => {
    const f = make(node);
    return ([x]) => [onDevice(f(tensorOf(x!, node.device)))];
  },
});

const plain = (f: (x: Tensor) => Tensor): Operator => activation(() => f);

/** Over one axis; before version 13 over all axes from it on, as one. */
const rows = (f: (x: Tensor) => Tensor): Operator =>
  activation((node) => {
    const asOne = node.version < 13;
    const axis = node.integer('axis', asOne ? 1 : -1);
    return (x) => {
      if (asOne) {
        const from = axis === x.rank ? axis : axisOf(axis, x.rank, node);
        const flat = reshape(x, [sizeOf(x.shape.slice(0, from)), sizeOf(x.shape.slice(from))]);
        return reshape(f(flat), x.shape);
      }
      const index = axisOf(axis, x.rank, node);
      if (index === x.rank - 1) return f(x);
      const order = x.shape.map((_, i) => (i === index ? x.rank - 1 : i === x.rank - 1 ? index : i));
      return transpose(f(transpose(x, order)), order);
    };
  });

const clipOperator: Operator = {
  inputs: [1, 3],
  build: (node) => {
    const attribute = node.version < 11 ? [node.float('min', -Infinity), node.float('max', Infinity)] : null;
    return ([x, low, high]) => {
      const bound = (value: typeof low, otherwise: number): number | Tensor =>
        value ? (value.numbers?.[0] ?? tensorOf(value, node.device)) : otherwise;
      const [from, to] = attribute ?? [bound(low, -Infinity), bound(high, Infinity)];
      if (x!.numbers && typeof from === 'number' && typeof to === 'number') {
        return [
          onHost(
            x!.kind,
            x!.shape,
            Float64Array.from(x!.numbers, (n) => rounded(x!.kind, Math.min(Math.max(n, from), to))),
          ),
        ];
      }
      const raised = from === -Infinity ? tensorOf(x!, node.device) : maximum(tensorOf(x!, node.device), from);
      return [onDevice(to === Infinity ? raised : minimum(raised, to))];
    };
  },
};

const preluOperator: Operator = {
  inputs: [2, 2],
  build:
    (node) =>
    ([x, slope]) => {
      const value = tensorOf(x!, node.device);
      return [onDevice(select(greater(value, 0), value, mul(value, tensorOf(slope!, node.device))))];
    },
};

export const activations: Readonly<Record<string, Operator>> = {
  Relu: plain(relu),
  Sigmoid: plain(sigmoid),
  Tanh: plain(tanh),
  Softplus: plain(softplus),
  Softsign: plain(softsign),
  Erf: plain(erf),
  Mish: plain((x) => mul(x, tanh(softplus(x)))),
  HardSwish: plain((x) => mul(x, hardSigmoid(x, 1 / 6, 0.5))),
  LeakyRelu: activation((node) => {
    const alpha = node.float('alpha', 0.01);
    return (x) => leakyRelu(x, alpha);
  }),
  PRelu: preluOperator,
  ThresholdedRelu: activation((node) => {
    const alpha = node.float('alpha', 1);
    return (x) => thresholdedRelu(x, alpha);
  }),
  Elu: activation((node) => {
    const alpha = node.float('alpha', 1);
    return (x) => elu(x, alpha);
  }),
  Selu: activation((node) => {
    const alpha = node.float('alpha', 1.6732632423543772);
    const gamma = node.float('gamma', 1.0507009873554805);
    return (x) => scale(elu(x, alpha), gamma);
  }),
  HardSigmoid: activation((node) => {
    const [alpha, beta] = [node.float('alpha', 0.2), node.float('beta', 0.5)];
    return (x) => hardSigmoid(x, alpha, beta);
  }),
  Gelu: activation((node) => {
    const kind = node.text('approximate', 'none');
    if (kind !== 'none' && kind !== 'tanh')
      throw node.refusal(`has approximate = '${kind.slice(0, 20)}'; none and tanh are read`);
    return kind === 'tanh' ? geluTanh : gelu;
  }),
  Clip: clipOperator,
  Softmax: rows(softmax),
  LogSoftmax: rows(logSoftmax),
  IsNaN: plain((x) => sub(1, equal(x, x))),
};
