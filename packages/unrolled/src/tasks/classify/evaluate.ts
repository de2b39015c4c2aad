import {
  accuracy,
  classScores,
  confusionMatrix,
  expectedCalibrationError,
  macroF1,
  type Scores,
} from '../../metrics/index.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import type { LabelledText } from './format.ts';
import { type Classifier, logSoftmaxAt, softmaxOf } from './model.ts';

export interface ClassifierEvaluation {
  readonly examples: number;
  /** Mean −log p(label), nats, with the model's temperature. */
  readonly loss: number;
  readonly accuracy: number;
  /** Mean F1 over the labels. */
  readonly macroF1: number;
  /** Expected calibration error (15 bins): how far probabilities are from the share of right answers. */
  readonly calibrationError: number;
  readonly labels: readonly string[];
  /** `confusion[i][j]`: how many texts with label i were predicted as label j. */
  readonly confusion: readonly (readonly number[])[];
  /** Precision, recall and F1 of each label. */
  readonly scores: readonly Scores[];
}

/** Logits of all examples, in their order, and their labels. @throws the signal's reason if it is aborted */
export async function collectLogits(
  model: Classifier,
  examples: readonly LabelledText[],
  signal?: StopSignal | undefined,
): Promise<CollectedLogits> {
  const actual = examples.map(({ label }) => model.labelId(label));
  // Texts of similar length go into one batch, which changes no bit of the result.
  const order = examples.map((_, i) => i).sort((a, b) => examples[a].text.length - examples[b].text.length);
  const logits = new Array<Float64Array>(examples.length);
  for (let start = 0; start < order.length; start += 64) {
    await breathe(signal);
    const batch = order.slice(start, start + 64);
    const found = await model.logits(batch.map((i) => examples[i].text));
    for (const [place, row] of found.entries()) logits[batch[place]] = row;
  }
  return { logits, actual };
}

/**
 * Evaluates a classifier on labelled texts.
 * @throws DataError on a label the model does not have; the signal's reason if it is aborted
 */
export async function evaluateClassifier(
  model: Classifier,
  examples: readonly LabelledText[],
  { signal }: { readonly signal?: StopSignal | undefined } = {},
): Promise<ClassifierEvaluation> {
  return judge(model, await collectLogits(model, examples, signal));
}

/** Logits of examples, a row for each, and the ids of their labels. */
export interface CollectedLogits {
  readonly logits: readonly Float64Array[];
  readonly actual: readonly number[];
}

/** Scores from collected logits, with the classifier's present temperature. */
export function judge(model: Classifier, { logits, actual }: CollectedLogits): ClassifierEvaluation {
  const { temperature } = model;
  const probabilities = logits.map((row) => softmaxOf(row, temperature));
  const predicted = probabilities.map((row) => row.indexOf(Math.max(...row)));
  const confusion = confusionMatrix(predicted, actual, model.labels.length);
  const losses = logits.map((row, i) => -logSoftmaxAt(row, actual[i], temperature));
  return {
    examples: actual.length,
    loss: losses.reduce((total, loss) => total + loss, 0) / losses.length,
    accuracy: accuracy(predicted, actual),
    macroF1: macroF1(predicted, actual),
    calibrationError: expectedCalibrationError(probabilities, actual),
    labels: model.labels,
    confusion,
    scores: classScores(confusion),
  };
}
