import { Tensor } from '../tensor/tensor.ts';
import * as elementwise from './elementwise.ts';
import * as movement from './movement.ts';
import * as product from './product.ts';
import * as reduction from './reduction.ts';
import * as rows from './rows.ts';

/**
 * The operations that are also methods of a tensor, `x.matmul(w).add(b).tanh()`. Each takes the tensor as its first
 * argument. Tensors must not know the operations (they come first), so the operations are put on them here: the
 * one module whose import has an effect.
 */
const methods = {
  neg: elementwise.neg,
  exp: elementwise.exp,
  log: elementwise.log,
  sqrt: elementwise.sqrt,
  abs: elementwise.abs,
  square: elementwise.square,
  tanh: elementwise.tanh,
  sigmoid: elementwise.sigmoid,
  relu: elementwise.relu,
  softplus: elementwise.softplus,
  add: elementwise.add,
  sub: elementwise.sub,
  mul: elementwise.mul,
  div: elementwise.div,
  minimum: elementwise.minimum,
  maximum: elementwise.maximum,
  greater: elementwise.greater,
  equal: elementwise.equal,
  less: elementwise.less,
  matmul: product.matmul,
  reshape: movement.reshape,
  transpose: movement.transpose,
  slice: movement.slice,
  at: movement.at,
  flip: movement.flip,
  broadcastTo: movement.broadcastTo,
  sum: reduction.sum,
  mean: reduction.mean,
  max: reduction.max,
  min: reduction.min,
  argmax: reduction.argmax,
  softmax: rows.softmax,
  logSoftmax: rows.logSoftmax,
};

type Method<F> = F extends (x: never, ...rest: infer Rest) => infer Result ? (...rest: Rest) => Result : never;
type Methods = { [Name in keyof typeof methods]: Method<(typeof methods)[Name]> };

declare module '../tensor/tensor.ts' {
  interface Tensor extends Methods {}
}

for (const [name, method] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...rest: unknown[]): Tensor {
      return (method as (x: Tensor, ...rest: unknown[]) => Tensor)(this, ...rest);
    },
  });
}
