/**
 * Images drawn step by step (DRAW).
 * @module
 */

export type { DrawConfig, DrawDescription } from './config.ts';
export {
  type DrawInput,
  type Drawing,
  type DrawingOptions,
  type DrawingStep,
  drawings,
  drawnImage,
  type Focus,
} from './drawing.ts';
export { type DrawEvaluation, type EvaluateDrawOptions, evaluateDraw } from './evaluate.ts';
export { type Bound, DrawModel } from './model.ts';
export { DrawNetwork, type DrawState } from './network.ts';
export { drawingFrames, drawingSheet } from './pictures.ts';
export * from './task.ts';
export { type DrawTrainingOptions, drawTraining } from './training.ts';
