import { whole } from '../../checks.ts';
import { objectOf, optionsOf, type Schema, scalar } from '../../schema.ts';
import { taskName } from '../../train/description.ts';
import { type BackboneDescription, backboneDescription } from '../../vision/backbone.ts';
import { wordVocabularyFields } from '../../words/description.ts';
import type { WordVocabulary } from '../../words/vocabulary.ts';
import { type DialogueConfig, dialogueKinds } from './config.ts';

/** Everything that makes a dialogue agent besides its parameters. */
export interface DialogueDescription {
  readonly task: 'dialogue';
  readonly config: DialogueConfig;
  /** The network that sees the image. */
  readonly backbone: BackboneDescription;
  readonly vocabulary: WordVocabulary;
  /** Words of the longest answer in the training data, and its end. */
  readonly longest: number;
}

/** The description of a dialogue agent in a file. */
export const dialogueDescription: Schema<DialogueDescription> = objectOf<DialogueDescription>({
  task: taskName('dialogue'),
  config: optionsOf(dialogueKinds),
  backbone: backboneDescription,
  vocabulary: objectOf(wordVocabularyFields),
  longest: scalar<number>(whole({ from: 1, to: 1000 })),
});
