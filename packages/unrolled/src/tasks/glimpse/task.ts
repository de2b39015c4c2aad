import { imageInput } from '../../images/image-input.ts';
import type { Image, LabelledImage } from '../../images/index.ts';
import type { Task } from '../task.ts';
import { type EvaluateGlimpsesOptions, evaluateGlimpses, type GlimpseEvaluation } from './evaluate.ts';
import { GlimpseModel } from './model.ts';
import { type ImageReading, readImages } from './reading.ts';

/** Images to labels, by a sequence of glimpses. */
export const glimpseTask: Task<{
  model: GlimpseModel;
  input: Image;
  options: object;
  answer: ImageReading;
  data: readonly LabelledImage[];
  evaluate: EvaluateGlimpsesOptions;
  evaluation: GlimpseEvaluation;
  explain: never;
  explanation: never;
}> = {
  name: 'glimpse',
  open: (device, source) => GlimpseModel.load(device, source),
  about: ({ labels, config: { height, width, patch, scales } }) => ({ labels, size: [height, width], patch, scales }),
  input: imageInput,
  options: {},
  predict: (model, images) => readImages(model, images),
  evaluate: evaluateGlimpses,
};
