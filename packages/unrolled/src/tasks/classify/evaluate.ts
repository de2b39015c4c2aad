import { type ClassifierEvaluation, evaluateLogits } from '../../metrics/label-predictions.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import type { LabelledText } from './format.ts';
import type { Classifier } from './model.ts';

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
  const { logits, actual } = await collectLogits(model, examples, signal);
  return evaluateLogits(logits, actual, model);
}

/** Logits of examples, a row for each, and the ids of their labels. */
export interface CollectedLogits {
  readonly logits: readonly Float64Array[];
  readonly actual: readonly number[];
}
