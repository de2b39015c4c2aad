import type { ElementKind } from '../io/onnx/tensor-data.ts';
import { idsOf as readIds } from '../ops/ids.ts';
import type { Shape } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * A value of a graph: a tensor on the device, numbers on the host, or both. Whole numbers and truth values are computed on the
 * host wherever they are known there, since shapes and branches follow from them; floating-point numbers on the device.
 */
export interface Value {
  readonly kind: ElementKind;
  readonly shape: Shape;
  readonly numbers: ArrayLike<number> | null;
  readonly tensor: Tensor | null;
}

export const onDevice = (tensor: Tensor, kind: ElementKind = 'float'): Value => ({
  kind,
  shape: tensor.shape,
  numbers: null,
  tensor,
});

export const onHost = (kind: ElementKind, shape: Shape, numbers: ArrayLike<number>): Value => ({
  kind,
  shape,
  numbers,
  tensor: null,
});

/** Whole numbers as a value of rank 1. */
export const wholeNumbers = (numbers: readonly number[]): Value => onHost('integer', [numbers.length], numbers);

/** The value as floating-point numbers on the device. */
export function tensorOf(value: Value, device: Device): Tensor {
  if (value.tensor !== null) return value.tensor;
  return device.tensor(value.numbers!, value.shape);
}

/** Whole numbers as ids on the device. */
export function idsOf(value: Value, device: Device, place: string): Tensor {
  if (value.tensor !== null && value.tensor.dtype === 'int32') return value.tensor;
  return device.ids(numbersOf(value, place), value.shape);
}

/**
 * The numbers, read from the device where they are only there.
 * @throws DeviceError if it answers only later
 */
export const numbersOf = (value: Value, place: string): ArrayLike<number> =>
  value.numbers ?? readIds(`onnx: ${place}`, value.tensor!);
