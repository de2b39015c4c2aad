/**
 * Problems of long memory, and experiments over cells and seeds.
 * @module
 */

export * from './evaluate.ts';
export * from './experiment.ts';
export * from './model.ts';
export type { Count, Metric, Problem, SequenceBatch, TrainingSource } from './problem.ts';
export * from './problems/adding.ts';
export * from './problems/brackets.ts';
export * from './problems/copying.ts';
export * from './problems/digits.ts';
export * from './problems/music.ts';
export * from './problems/parity.ts';
export * from './problems/reber.ts';
export * from './problems/temporal-order.ts';
export * from './settings.ts';
export * from './tasks.ts';
export { type LongMemoryTraining, type LongMemoryTrainingOptions, longMemoryTraining } from './training.ts';
