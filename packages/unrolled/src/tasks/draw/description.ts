import { objectOf, optionsOf, type Schema } from '../../schema.ts';
import { taskName } from '../../train/description.ts';
import { type DrawDescription, drawKinds } from './config.ts';

/** The description of a model that draws, in a file. */
export const drawDescription: Schema<DrawDescription> = objectOf<DrawDescription>({
  task: taskName('draw'),
  config: optionsOf(drawKinds),
});
