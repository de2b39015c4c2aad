import { shown } from '../checks.ts';
import { DataError } from '../errors.ts';
import { expectedCalibrationError } from './calibration.ts';
import { accuracy, classScores, confusionMatrix, macroF1, type Scores } from './classification.ts';
import { requirePairs } from './require.ts';

/** The label of an input. */
export interface Classification {
  readonly label: string;
  readonly probability: number;
  /** Of all labels, the likeliest first. */
  readonly probabilities: readonly { readonly label: string; readonly probability: number }[];
}

/** Scores of a classifier on labelled examples. */
export interface ClassifierEvaluation {
  readonly examples: number;
  /** Mean −log p(label), nats, with the model's temperature. */
  readonly loss: number;
  readonly accuracy: number;
  /** The share of examples whose label is among the five likeliest; only of classifiers with more than ten labels. */
  readonly topFive?: number;
  /** Mean F1 over the labels. */
  readonly macroF1: number;
  /** Expected calibration error (15 bins): how far probabilities are from the share of right answers. */
  readonly calibrationError: number;
  readonly labels: readonly string[];
  /** `confusion[i][j]`: how many examples with label i were predicted as label j. */
  readonly confusion: readonly (readonly number[])[];
  /** Precision, recall and F1 of each label. */
  readonly scores: readonly Scores[];
}

/** softmax(logits / temperature) */
export function softmaxOf(logits: ArrayLike<number>, temperature: number): Float64Array {
  const most = Math.max(...Array.from(logits));
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - most) / temperature));
  const mass = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / mass);
}

/** log softmax(logits / temperature) of label k, finite also where the probability is 0 in floating point. */
export function logSoftmaxAt(logits: ArrayLike<number>, k: number, temperature: number): number {
  const most = Math.max(...Array.from(logits));
  const mass = Array.from(logits).reduce((total, logit) => total + Math.exp((logit - most) / temperature), 0);
  return (logits[k] - most) / temperature - Math.log(mass);
}

/** The labels with their probabilities softmax(logits / temperature), the likeliest first. */
export function classificationOf(
  logits: ArrayLike<number>,
  labels: readonly string[],
  temperature: number,
): Classification {
  const probabilities = softmaxOf(logits, temperature);
  const ranked = labels
    .map((label, k) => ({ label, probability: probabilities[k] }))
    .sort((a, b) => b.probability - a.probability);
  return { ...ranked[0], probabilities: ranked };
}

/** Labels above which the share of the five likeliest is worth knowing. */
const manyLabels = 10;

/**
 * Scores of a classifier's logits, K of each example.
 * @param actual  the index of the right label of each
 * @throws DataError if there are no examples, or not as many as labels
 */
export function evaluateLogits(
  logits: readonly ArrayLike<number>[],
  actual: readonly number[],
  { labels, temperature }: { readonly labels: readonly string[]; readonly temperature: number },
): ClassifierEvaluation {
  requirePairs('evaluate', logits, actual);
  const probabilities = logits.map((row) => softmaxOf(row, temperature));
  const predicted = probabilities.map((row) => row.indexOf(Math.max(...row)));
  const confusion = confusionMatrix(predicted, actual, labels.length);
  const losses = logits.map((row, i) => -logSoftmaxAt(row, actual[i], temperature));
  const inTop = (row: ArrayLike<number>, k: number): boolean =>
    Array.from(row).filter((logit) => logit > row[k]).length < 5;
  return {
    examples: actual.length,
    loss: losses.reduce((total, loss) => total + loss, 0) / losses.length,
    accuracy: accuracy(predicted, actual),
    ...(labels.length > manyLabels && {
      topFive: logits.filter((row, i) => inTop(row, actual[i])).length / actual.length,
    }),
    macroF1: macroF1(predicted, actual),
    calibrationError: expectedCalibrationError(probabilities, actual),
    labels,
    confusion,
    scores: classScores(confusion),
  };
}

/** The index of a label. @param operation  of the task, for the error @throws DataError if the model has no such label */
export function labelIndex(operation: string, labels: readonly string[], label: string): number {
  const index = labels.indexOf(label);
  if (index >= 0) return index;
  throw new DataError(`${operation}: unknown label ${shown(label)}; the labels are ${shown(labels)}`, { label });
}
