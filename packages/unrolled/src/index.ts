/**
 * Devices, tensors, operations and their gradients, random numbers and errors.
 * @module unrolled
 */

export { gradientError } from './autodiff/check.ts';
export { type GradientRule, gradients, type RecordedCall } from './autodiff/gradients.ts';
export { type DeviceName, type DeviceOptions, openDevice } from './device.ts';
export * from './errors.ts';
export * from './ops/index.ts';
export { Random, type RandomState } from './random.ts';
export { formatShape, type Shape, sizeOf } from './shape.ts';
export { type StopSignal, unlessAborted } from './signal.ts';
export { Device } from './tensor/device.ts';
export type { NestedNumbers } from './tensor/given-numbers.ts';
export { Tensor } from './tensor/tensor.ts';
export type { Numbers } from './tensor/tensors-in.ts';
