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
import { type Classifier, softmaxOf } from './model.ts';

export interface ClassifierEvaluation {
  readonly examples: number;
  /** Mean −log p(label), nats, with the model's temperature. */
  readonly loss: number;
  readonly accuracy: number;
  /** Mean F1 over the labels. */
  readonly macroF1: number;
  /** How far probabilities are from shares of right answers: expected calibration error, 15 bins. */
  readonly calibrationError: number;
  readonly labels: readonly string[];
  /** `confusion[i][j]`: how often label i was taken for label j. */
  readonly confusion: readonly (readonly number[])[];
  /** Of each label. */
  readonly scores: readonly Scores[];
}

/** Logits of all examples, in their order, and the labels they should have; null if the signal ended it early. */
export async function collectLogits(
  model: Classifier,
  examples: readonly LabelledText[],
  signal?: StopSignal | undefined,
): Promise<CollectedLogits | null> {
  const actual = examples.map(({ label }) => model.labelId(label));
  // Those of about one length together: it changes no bit of what they give.
  const order = examples.map((_, i) => i).sort((a, b) => examples[a].text.length - examples[b].text.length);
  const logits = new Array<Float64Array>(examples.length);
  for (let start = 0; start < order.length; start += 64) {
    const batch = order.slice(start, start + 64);
    model.logits(batch.map((i) => examples[i].text)).forEach((row, place) => {
      logits[batch[place]] = row;
    });
    await breathe();
    if (signal?.aborted) return null;
  }
  return { logits, actual };
}

/**
 * How good a classifier is on labelled texts.
 * @returns null if the signal ended it early
 * @throws DataError on a label the model does not have
 */
export async function evaluateClassifier(
  model: Classifier,
  examples: readonly LabelledText[],
  { signal }: { readonly signal?: StopSignal | undefined } = {},
): Promise<ClassifierEvaluation | null> {
  const collected = await collectLogits(model, examples, signal);
  return collected && judge(model, collected);
}

/** Logits of examples in a row each, and the labels they should have. */
export interface CollectedLogits {
  readonly logits: readonly Float64Array[];
  readonly actual: readonly number[];
}

/** What logits that were collected say of a classifier, with its present temperature. */
export function judge(model: Classifier, { logits, actual }: CollectedLogits): ClassifierEvaluation {
  const probabilities = logits.map((row) => softmaxOf(row, model.temperature));
  const predicted = probabilities.map((row) => row.indexOf(Math.max(...row)));
  const confusion = confusionMatrix(predicted, actual, model.labels.length);
  const loss = probabilities.reduce((total, row, i) => total - Math.log(row[actual[i]]), 0) / actual.length;
  return {
    examples: actual.length,
    loss,
    accuracy: accuracy(predicted, actual),
    macroF1: macroF1(predicted, actual),
    calibrationError: expectedCalibrationError(probabilities, actual),
    labels: model.labels,
    confusion,
    scores: classScores(confusion),
  };
}
