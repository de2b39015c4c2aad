/**
 * Accuracy, F1, calibration, spans, BLEU, chrF, scores of captions and answers, ranks, error rates and forecast errors, from plain numbers.
 * @module
 */

export * from './answers.ts';
export * from './bleu.ts';
export * from './calibration.ts';
export * from './captions.ts';
export * from './chrf.ts';
export { accuracy, classScores, confusionMatrix, macroF1, type Scores } from './classification.ts';
export * from './edit-distance.ts';
export * from './forecast.ts';
export {
  type Classification,
  type ClassifierEvaluation,
  classificationOf,
  evaluateLogits,
} from './label-predictions.ts';
export { type NgramOptions, ngramCrossEntropy } from './ngram-entropy.ts';
export * from './ranking.ts';
export * from './segments.ts';
export * from './spans.ts';
