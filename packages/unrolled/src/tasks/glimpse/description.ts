import { sceneSchema } from '../../images/index.ts';
import { listOfDifferent, objectOf, optional, optionsOf, type Schema, text } from '../../schema.ts';
import { taskName } from '../../train/description.ts';
import { type GlimpseDescription, glimpseKinds } from './config.ts';

/** The description of a model that reads images by glimpses, in a file. */
export const glimpseDescription: Schema<GlimpseDescription> = objectOf<GlimpseDescription>({
  task: taskName('glimpse'),
  config: optionsOf(glimpseKinds),
  labels: listOfDifferent(text, 2),
  scene: optional(sceneSchema),
});
