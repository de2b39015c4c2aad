/**
 * Optimizers and learning-rate schedules.
 * @module
 */

export * from './optimizer.ts';
export * from './schedule.ts';
