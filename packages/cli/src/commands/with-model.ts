import type { Device } from 'unrolled';
import type { DefinedCell } from 'unrolled/nn';
import type { StoredModel } from 'unrolled/train';
import type { UseFlags } from '../options/use.ts';
import { loadRun } from '../run/load.ts';
import { openMachine, toStandardError } from '../run/open-device.ts';

/**
 * Uses the model of a run folder or file, on a device that is closed afterwards.
 * @param open  makes the model, as `Task.open`
 */
export async function withModel<Model>(
  run: string,
  { checkpoint, threads, blas }: UseFlags,
  open: (device: Device, stored: StoredModel, cell: DefinedCell | undefined) => Model,
  action: (model: Model) => Promise<void>,
): Promise<void> {
  const device = await openMachine({ threads, blas }, toStandardError);
  try {
    await action(await loadRun(run, checkpoint, (stored, cell) => open(device, stored, cell)));
  } finally {
    device.close();
  }
}
