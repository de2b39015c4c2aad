import { imageInput } from '../../images/image-input.ts';
import type { Image } from '../../images/index.ts';
import type { LabelledImage } from '../../images/labelled-images.ts';
import type { Classification, ClassifierEvaluation } from '../../metrics/label-predictions.ts';
import type { Task } from '../task.ts';
import { evaluateImageClassifier } from './evaluate.ts';
import { ImageClassifier } from './model.ts';

/** Images to labels. */
export const classifyImagesTask: Task<{
  model: ImageClassifier;
  input: Image;
  options: object;
  answer: Classification;
  data: readonly LabelledImage[];
  evaluate: object;
  evaluation: ClassifierEvaluation;
  explain: never;
  explanation: never;
}> = {
  name: 'classify-images',
  open: (device, source) => ImageClassifier.load(device, source),
  about: ({ labels, preprocessing }) => ({ labels, size: preprocessing.size }),
  input: imageInput,
  options: {},
  predict: async (model, images) => model.predict(images),
  evaluate: evaluateImageClassifier,
  toOnnx: async (model) => (await import('./onnx.ts')).imageClassifierToOnnx(model),
};
