/**
 * Images to sentences.
 * @module
 */

export { Side } from '../../tokenizers/side.ts';
export type { WrittenScores } from '../caption-evaluation.ts';
export { type CaptionWords, captionVocabulary, captionWords } from '../caption-words.ts';
export type { CaptionWriter, WordWeights, WrittenCandidate, WrittenCaption } from '../caption-writer.ts';
export * from './audit/index.ts';
export * from './baselines.ts';
export {
  type CaptionConditioning,
  type CaptionerConfig,
  type CompleteCaptionerConfig,
  conditionings,
} from './config.ts';
export {
  type CaptionEvaluation,
  type CaptionedFeatures,
  type CaptionedImage,
  type EvaluateCaptionsOptions,
  evaluateCaptions,
} from './evaluate.ts';
export { Captioner, type CaptionerDescription, type CaptionerOptions, captionerDescription } from './model.ts';
export {
  type Caption,
  type CaptionAttention,
  type CaptionCandidate,
  type CaptionOptions,
  type CaptionSearchOptions,
  captionFeatures,
} from './predict.ts';
export * from './retrieval.ts';
export { type SelfCriticalOptions, selfCriticalTraining } from './self-critical.ts';
export * from './task.ts';
export { type CaptionData, type CaptionTrainingOptions, captionTraining, type WatchedOptions } from './training.ts';
