import { DeviceError, ShapeError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * Checks ids that were made from numbers, or that the device can give at once. Others pass: what backends do with ids out of
 * range is safe.
 * @throws ShapeError if an id is outside of [lowest, bound)
 */
export function requireIds(operation: string, ids: Tensor, bound: number, lowest = 0): void {
  const values = ids.ids ?? (ids.device.backend.readsAtOnce ? ids.data() : []);
  for (let i = 0; i < values.length; i++) {
    if (values[i] >= bound || values[i] < lowest) {
      throw new ShapeError(`${operation}: id ${values[i]} at position ${i} is not below ${bound}; ids run from 0`, {
        id: values[i],
        position: i,
        bound,
      });
    }
  }
}

/**
 * The numbers of ids from which the host must work something out.
 * @throws DeviceError if they were computed on a device that answers only later
 */
export function idsOf(operation: string, ids: Tensor): ArrayLike<number> {
  if (ids.ids !== null) return ids.ids;
  if (ids.device.backend.readsAtOnce) return ids.data();
  throw new DeviceError(
    `${operation}: needs ids made from numbers: this device answers only later; make them with device.ids(await ids.read())`,
    { operation, shape: ids.shape },
  );
}
