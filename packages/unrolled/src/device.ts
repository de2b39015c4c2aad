import type { FloatType } from './backend/backend.ts';
import { type WasmOptions, wasmBackend } from './backend/wasm/wasm-backend.ts';
import { ConfigError } from './errors.ts';
import { deviceOn } from './ops/create-device.ts';
import type { Device } from './tensor/device.ts';

export type DeviceName = 'wasm' | 'reference';

export interface DeviceOptions extends WasmOptions {
  /** Reference only: the type of its numbers. Default float64. */
  readonly float?: FloatType;
}

/**
 * Opens a device to compute on.
 *
 * @param name  'wasm' (default): WebAssembly with SIMD, float32, the fast one; 'reference': plain loops, float64
 *   unless said otherwise, slow and exact
 * @throws ConfigError on another name; DeviceError if this JavaScript engine cannot run it
 *
 * @example
 * const device = await openDevice();
 * device.tensor([[1, 2], [3, 4]]).matmul(device.ones([2, 1])).toArray();   // [[3], [7]]
 */
export async function openDevice(name: DeviceName = 'wasm', options: DeviceOptions = {}): Promise<Device> {
  switch (name) {
    case 'wasm':
      return deviceOn(await wasmBackend(options));
    case 'reference': {
      // By itself, so that a page does not load it for nothing.
      const { referenceBackend } = await import('./backend/reference/reference-backend.ts');
      return deviceOn(referenceBackend({ float: options.float ?? 'float64' }));
    }
    default:
      throw new ConfigError(`openDevice: there is no device '${name}'; use 'wasm' or 'reference'`, { name });
  }
}
