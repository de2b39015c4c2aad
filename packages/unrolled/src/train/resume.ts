import { FormatError } from '../errors.ts';
import { readNamed } from '../nn/parameters.ts';
import type { Optimizer } from '../optim/index.ts';
import type { Checkpoint, TrainerState } from './checkpoint.ts';
import type { TrainingTask } from './task.ts';
import type { WeightAverage } from './weight-average.ts';

/** Everything needed to resume a run, as it is at this moment. */
export async function checkpointOf(
  task: TrainingTask,
  optimizer: Optimizer,
  trainer: TrainerState,
  average: WeightAverage | null,
): Promise<Checkpoint> {
  const { carried, state } = task.save();
  const model = task.describe();
  const [memory, kept] = await Promise.all([
    readNamed({ ...optimizer.memory, ...average?.trained }),
    readNamed(carried),
  ]);
  const parameters = await (average ? average.during(() => task.parameters.save()) : task.parameters.save());
  return { parameters, optimizer: memory, carried: kept, task: state, model, trainer };
}

/**
 * Continues from a checkpoint.
 * @param average  of the weights, where the run has one
 * @throws FormatError if it is of another model, optimizer or data
 */
export function resumeFrom(
  checkpoint: Checkpoint,
  task: TrainingTask,
  optimizer: Optimizer,
  average: WeightAverage | null,
): void {
  if (!average && checkpoint.optimizer.weights) {
    throw new FormatError('resume: the checkpoint is of a run that averages its weights; give its emaDecay');
  }
  task.parameters.load(checkpoint.parameters);
  average?.restore(checkpoint.optimizer);
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
