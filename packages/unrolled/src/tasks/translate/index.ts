/**
 * Sequence to sequence with attention: training, beam search, scores and alignments.
 * @module
 */

export { type Feeding, feedings } from '../../nn/seq2seq/decoder.ts';
export { Side, type SideOptions } from '../../tokenizers/side.ts';
export * from './alignment.ts';
export * from './config.ts';
export * from './evaluate.ts';
export { Translator, type TranslatorDescription } from './model.ts';
export * from './pairs.ts';
export type { SearchTranslationOptions } from './search.ts';
export { type Sides, sidesFor, sidesFrom } from './sides.ts';
export * from './task.ts';
export { type TranslatorTrainingOptions, translatorTraining } from './training.ts';
export type { Candidate, TranslateOptions, Translation } from './translate.ts';
