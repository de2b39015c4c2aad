import { DataError } from '../../errors.ts';
import { type ClassifierEvaluation, evaluateLogits } from '../../metrics/label-predictions.ts';
import type { Clip } from './clip.ts';
import type { ClipOptions } from './clip-reader.ts';
import type { VideoClassifier } from './model.ts';

/** A video and what happens in it. */
export interface LabelledClip {
  readonly clip: Clip;
  readonly label: string;
}

/**
 * Evaluates a classifier on labelled videos.
 * @throws DataError without clips, or on a label the model does not have; the signal's reason if it is aborted
 */
export async function evaluateVideoClassifier(
  model: VideoClassifier,
  examples: readonly LabelledClip[],
  options: ClipOptions = {},
): Promise<ClassifierEvaluation> {
  if (examples.length === 0) throw new DataError('video: there are no clips to evaluate on');
  const actual = examples.map(({ label }) => model.labelId(label));
  const logits = await model.logits(
    examples.map(({ clip }) => clip),
    options,
  );
  return evaluateLogits(logits, actual, model);
}
