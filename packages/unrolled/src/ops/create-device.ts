import type { Backend, PartialBackend } from '../backend/backend.ts';
import { complete } from '../backend/composed/complete.ts';
import { Device } from '../tensor/device.ts';
import type { TensorOperations } from '../tensor/operations.ts';
import * as elementwise from './elementwise.ts';
import * as movement from './movement.ts';
import * as product from './product.ts';
import * as reduction from './reduction.ts';
import * as rows from './rows.ts';

/** The operations behind the methods of tensors, `x.matmul(w).add(b).tanh()`. */
const operations: TensorOperations = {
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

/** A device on a backend that has every operation. */
export function deviceOn(backend: Backend): Device {
  return new Device(backend, operations);
}

/**
 * A device on your own backend, which needs no more than its core: the operations it lacks are composed of that. `openDevice`
 * opens the library's own.
 */
export function createDevice(backend: PartialBackend): Device {
  return deviceOn(complete(backend));
}
