/**
 * Forecasts of number series with intervals, baselines and back-tests.
 * @module
 */

export * from './backtest.ts';
export * from './baselines.ts';
export type * from './config.ts';
export * from './evaluate.ts';
export * from './gaps.ts';
export * from './generators.ts';
export * from './model.ts';
export { defaultQuantiles } from './outlook.ts';
export * from './prediction.ts';
export * from './scaling.ts';
export * from './series.ts';
export * from './task.ts';
export * from './training.ts';
export * from './windows.ts';
