/**
 * The training loop as a stream of events, checkpoints, and models in files.
 * @module
 */

export * from './breathe.ts';
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint, type Json, type TrainerState } from './checkpoint.ts';
export * from './events.ts';
export type { TrainOptions } from './options.ts';
export * from './stored-model.ts';
export {
  type ExampleBatch,
  type ExampleOptions,
  type SupervisedModel,
  type SupervisedOptions,
  SupervisedTraining,
} from './supervised.ts';
export * from './task.ts';
export * from './train.ts';
