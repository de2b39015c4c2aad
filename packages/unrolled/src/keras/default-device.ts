import { openDevice } from '../device.ts';
import type { Device } from '../tensor/device.ts';

let shared: Promise<Device> | Device | null = null;

/** The device of models that were not given one; opened when it is first needed: WebAssembly. */
export function defaultDevice(): Promise<Device> | Device {
  shared ??= openDevice();
  return shared;
}

/**
 * Sets the device of models that are not given one.
 *
 * @example
 * useDevice(await openDevice('wasm', { threads: 4 }));
 */
export function useDevice(device: Device): void {
  shared = device;
}
