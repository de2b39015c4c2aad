import type { FloatType } from '../packages/unrolled/src/backend/backend.ts';
import { referenceBackend } from '../packages/unrolled/src/backend/reference/reference-backend.ts';
import { openDevice } from '../packages/unrolled/src/device.ts';
import { createDevice } from '../packages/unrolled/src/ops/create-device.ts';
import type { Device } from '../packages/unrolled/src/tensor/device.ts';

/** A device to hold to the golden values, and how near to them its numbers must come. */
export interface Subject {
  readonly name: string;
  readonly float: FloatType;
  /** Most that a number may differ from the golden one, relative to max(1, |golden|). */
  readonly tolerance: number;
  open(): Promise<Device>;
}

/** Every device the library has. One that cannot be opened fails its tests; none is skipped. */
export const subjects: readonly Subject[] = [
  {
    name: 'reference float64',
    float: 'float64',
    tolerance: 1e-9,
    open: async () => createDevice(referenceBackend({ float: 'float64' })),
  },
  {
    name: 'reference float32',
    float: 'float32',
    tolerance: 1e-5,
    open: async () => createDevice(referenceBackend({ float: 'float32' })),
  },
  { name: 'wasm', float: 'float32', tolerance: 1e-5, open: () => openDevice('wasm') },
];
