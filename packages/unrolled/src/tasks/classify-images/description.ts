import { number } from '../../checks.ts';
import { augmentationSchema, inputSize, type Preprocessing, preprocessingSchema } from '../../images/index.ts';
import type { LayerConfig } from '../../nn/layer.ts';
import { listOfDifferent, mismatch, objectOf, optional, type Schema, scalar, text } from '../../schema.ts';
import { taskName } from '../../train/description.ts';
import { type ImageClassifierConfig, type ImageClassifierDescription, imageClassifierKinds } from './config.ts';

/** The longest side of an input that is opened from a file: larger ones would fill the memory. */
const longestSide = 2048;

const preprocessing: Schema<Preprocessing> = (value, place) => {
  const found = preprocessingSchema(value, place);
  if (inputSize(found).every((side) => side <= longestSide)) return found;
  throw mismatch(`${place}.size`, `at most ${longestSide}`, found.size);
};

/** The description of a classifier of images in a file. */
export const imageClassifierDescription: Schema<ImageClassifierDescription> = objectOf<ImageClassifierDescription>({
  task: taskName('classify-images'),
  config: objectOf<ImageClassifierConfig>({
    // What is in it is checked when its layers are made.
    network: scalar<LayerConfig>(imageClassifierKinds.network),
    frozen: optional(scalar<boolean>(imageClassifierKinds.frozen)),
    mirror: optional(scalar<boolean>(imageClassifierKinds.mirror)),
  }),
  labels: listOfDifferent(text, 2),
  preprocessing,
  augmentation: optional(augmentationSchema),
  temperature: scalar<number>(number({ above: 0 })),
});
