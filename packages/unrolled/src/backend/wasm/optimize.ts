import { sizeOf } from '../../shape.ts';
import type { Block, OptimizerUpdate } from '../backend.ts';
import type { Job, JobParameters } from './jobs/job.ts';
import { adagradJob, adamJob, rmspropJob, sgdJob } from './jobs/optimize.ts';
import type { LinearMemory } from './linear-memory.ts';

/** Passes one update to `run` as a job, unless norm or loss are not finite. */
export function optimize(
  update: OptimizerUpdate,
  memory: LinearMemory,
  run: (job: Job, parameters: JobParameters<string>) => void,
): void {
  const numberOf = (block: Block): number => memory.inputView(block)[0];
  const { loss, clipNorm } = update;
  const norm = numberOf(update.norm);
  if (!Number.isFinite(norm) || (loss !== null && !Number.isFinite(numberOf(loss)))) return;
  const step = numberOf(update.steps) + 1;
  memory.view(update.steps)[0] = step;
  const common = {
    weights: memory.address(update.weights),
    gradients: memory.input(update.gradients),
    n: sizeOf(update.weights.shape),
    rate: update.learningRate,
    decay: update.decay,
    scale: clipNorm > 0 ? Math.min(1, clipNorm / (norm + 1e-6)) : 1,
    clip: update.clipValue,
  };
  switch (update.method) {
    case 'sgd': {
      const nesterov = update.nesterov ? 1 : 0;
      run(sgdJob, { ...common, velocity: memory.addressOrNull(update.velocity), momentum: update.momentum, nesterov });
      return;
    }
    case 'adagrad':
      run(adagradJob, { ...common, sumOfSquares: memory.address(update.sumOfSquares), epsilon: update.epsilon });
      return;
    case 'rmsprop': {
      const { alpha, epsilon } = update;
      run(rmspropJob, { ...common, meanSquare: memory.address(update.meanSquare), alpha, epsilon });
      return;
    }
    default: {
      const { beta1, beta2, epsilon } = update;
      run(adamJob, {
        ...common,
        mean: memory.address(update.mean),
        variance: memory.address(update.variance),
        beta1,
        beta2,
        epsilon,
        decoupled: update.method === 'adamw' ? 1 : 0,
        correction1: 1 - beta1 ** step,
        correction2: 1 - beta2 ** step,
      });
    }
  }
}
