import { DataError } from '../../errors.ts';
import type { LabelledImage } from '../../images/labelled-images.ts';
import { type ClassifierEvaluation, evaluateLogits } from '../../metrics/label-predictions.ts';
import type { StopSignal } from '../../signal.ts';
import type { ImageClassifier } from './model.ts';

/**
 * Evaluates a classifier on labelled images.
 * @throws DataError without images, or on a label the model does not have; the signal's reason if it is aborted
 */
export async function evaluateImageClassifier(
  model: ImageClassifier,
  examples: readonly LabelledImage[],
  { signal }: { readonly signal?: StopSignal | undefined } = {},
): Promise<ClassifierEvaluation> {
  if (examples.length === 0) throw new DataError('classify-images: there are no images to evaluate on');
  const actual = examples.map(({ label }) => model.labelId(label));
  const logits = await model.logits(
    examples.map(({ image }) => image),
    { signal },
  );
  return evaluateLogits(logits, actual, model);
}
