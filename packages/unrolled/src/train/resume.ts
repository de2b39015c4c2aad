import { FormatError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import type { Optimizer } from '../optim/index.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Checkpoint, TrainerState } from './checkpoint.ts';
import type { TrainingTask } from './task.ts';

/** Everything needed to resume a run, as it is at this moment. */
export async function checkpointOf(
  task: TrainingTask,
  optimizer: Optimizer,
  trainer: TrainerState,
): Promise<Checkpoint> {
  const { carried, state } = task.save();
  const { device } = task.parameters;
  const parameters = Object.fromEntries(Array.from(task.parameters, ({ name, value }) => [name, value]));
  const model = task.describe();
  const [read, memory, kept] = await Promise.all(
    [parameters, optimizer.memory, carried].map((tensors) => readNamed(device, tensors)),
  );
  return { parameters: read, optimizer: memory, carried: kept, task: state, model, trainer };
}

async function readNamed(
  device: Device,
  tensors: Readonly<Record<string, Tensor>>,
): Promise<Readonly<Record<string, NamedArray>>> {
  const numbers = await device.read(() => ({ ...tensors }));
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, { shape, data: numbers[name] }]));
}

/**
 * Continues from a checkpoint.
 * @throws FormatError if it is of another model, optimizer or data
 */
export function resumeFrom(checkpoint: Checkpoint, task: TrainingTask, optimizer: Optimizer): void {
  task.parameters.load(checkpoint.parameters);
  for (const [name, tensor] of Object.entries(optimizer.memory)) {
    const kept = checkpoint.optimizer[name];
    if (!kept || kept.data.length !== tensor.size) {
      throw new FormatError(
        `resume: the checkpoint lacks the optimizer's '${name}'; use the optimizer it was made with`,
      );
    }
    tensor.device.backend.write(tensor, kept.data);
  }
  optimizer.resumeAt(checkpoint.trainer.step);
  task.restore(checkpoint.carried, checkpoint.task);
}
