/**
 * Questions about images to answers.
 * @module
 */

export type { View } from '../views.ts';
export {
  type AnswererConfig,
  type Answering,
  answerings,
  type CompleteAnswererConfig,
  type Fusion,
  fusions,
  type Given,
  senses,
} from './config.ts';
export * from './data.ts';
export type { AnswererDescription } from './description.ts';
export * from './evaluate.ts';
export { Answerer, type AnswererOptions, type EncodedQuestion, type NetworkName, networkNames } from './model.ts';
export type { AnswerNetwork, NetworkOutput, Sees } from './network.ts';
export type {
  Answer,
  AnswerAttention,
  AnswerCandidate,
  AnswerOptions,
  AnswerSearchOptions,
  AskedView,
} from './predict.ts';
export { type QuestionType, questionTypes, typeFinder } from './question-types.ts';
export * from './task.ts';
export { type AnswerTrainingOptions, answererTraining } from './training.ts';
