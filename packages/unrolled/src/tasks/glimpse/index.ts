/**
 * Images read by a sequence of glimpses (recurrent attention).
 * @module
 */

export {
  type GlimpseConfig,
  type GlimpseDescription,
  type GlimpseOptions,
  type Reader,
  readers,
} from './config.ts';
export { type EvaluateGlimpsesOptions, evaluateGlimpses, type GlimpseEvaluation } from './evaluate.ts';
export { glimpseLoss } from './loss.ts';
export { GlimpseModel } from './model.ts';
export { type Glimpse, GlimpseNetwork } from './network.ts';
export { glimpseBoxes, glimpsePictures } from './pictures.ts';
export { type GlimpsePlace, type ImageReading, type ReadingOptions, readImages } from './reading.ts';
export * from './task.ts';
export { type GlimpseTrainingOptions, glimpseTraining } from './training.ts';
