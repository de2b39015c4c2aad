/**
 * Dialogues of two players about dots: which dot they are about, and what is said next.
 * @module
 */

export type { TargetSelectorConfig } from './config.ts';
export type { TargetSelectorDescription } from './description.ts';
export * from './evaluate.ts';
export {
  type Dot,
  type Game,
  isOneCommon,
  mirrored,
  parseOneCommon,
  readSituation,
  type Situation,
  type Speaker,
  showSituation,
  type Utterance,
} from './game.ts';
export { type EncodedGame, type GameLosses, gameVocabulary, TargetSelector } from './model.ts';
export * from './predict.ts';
export * from './task.ts';
export { type TargetTrainingOptions, targetTraining } from './training.ts';
