/**
 * Language models: training, evaluation and generation.
 * @module
 */

export {
  createTokenizer,
  describeCharacter,
  leaveOutUnknown,
  type Tokenizer,
  type TokenizerConfig,
  tokenizerFor,
  tokenizerKinds,
} from '../../tokenizers/index.ts';
export { type AttentionOfOptions, attentionOf, type TextAttention } from './attention.ts';
export type {
  LanguageModelConfig,
  LanguageModelDescription,
  RecurrentLanguageModelConfig,
  SequenceLanguageModelConfig,
} from './config.ts';
export * from './evaluate.ts';
export * from './evaluate-texts.ts';
export * from './generate.ts';
export * from './inspect.ts';
export * from './ladder.ts';
export * from './measures.ts';
export * from './model.ts';
export type { NextToken, PredictNextOptions } from './predict.ts';
export * from './task.ts';
export * from './text-measure.ts';
export {
  type LanguageModelTraining,
  type LanguageModelTrainingOptions,
  languageModelTraining,
  splitText,
} from './training.ts';
export * from './units.ts';
