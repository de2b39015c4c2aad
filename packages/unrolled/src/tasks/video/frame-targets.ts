import { padSequences } from '../../data/padding.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Targets of each frame `[T, B]`, −1 after the end, and weights that let every clip count alike. */
export function perFrame(targets: readonly (readonly number[])[], device: Device): { ids: Tensor; weights: Tensor } {
  const { values, shape, lengths } = padSequences(targets, { padding: -1 });
  const B = lengths.length;
  const weights = values.map((id, i) => (id < 0 ? 0 : 1 / lengths[i % B]));
  return { ids: device.ids(values, shape), weights: device.tensor(weights, shape) };
}
