import { type Device, openDevice } from 'unrolled';

/** Flags about the machine. */
export interface MachineFlags {
  threads?: number;
  blas?: string;
}

/** For commands whose output is a result. */
export const toStandardError = (line: string): void => void process.stderr.write(`${line}\n`);

/** Opens the device; if a BLAS was asked for, reports to `note` which one is used, or why none is. */
export async function openMachine({ threads, blas }: MachineFlags, note: (line: string) => void): Promise<Device> {
  const device = await openDevice('wasm', { threads, blas });
  if (blas !== undefined && blas !== 'off') {
    const { blas: path, blasReason } = device.describe().details ?? {};
    note(path ? `BLAS: ${path}` : `No BLAS: ${blasReason}`);
  }
  return device;
}
