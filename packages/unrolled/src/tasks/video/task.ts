import type { Classification, ClassifierEvaluation } from '../../metrics/label-predictions.ts';
import type { Task } from '../task.ts';
import { type Clip, clipInput } from './clip.ts';
import { evaluateVideoClassifier, type LabelledClip } from './evaluate.ts';
import { VideoClassifier } from './model.ts';

/** Videos to labels. */
export const videoTask: Task<{
  model: VideoClassifier;
  input: Clip;
  options: object;
  answer: Classification;
  data: readonly LabelledClip[];
  evaluate: object;
  evaluation: ClassifierEvaluation;
  explain: never;
  explanation: never;
}> = {
  name: 'video',
  open: (device, source, cell) => VideoClassifier.load(device, source, cell),
  about: ({ labels, config: { input, reading = 'average' } }) => ({
    labels,
    reading,
    ...(input.kind === 'frames' ? { size: input.preprocessing.size } : { features: input.features }),
  }),
  input: clipInput,
  options: {},
  predict: async (model, clips) => model.predict(clips),
  evaluate: evaluateVideoClassifier,
};
