import { listOf, listOfDifferent, objectOf, optionsOf, type Schema, text } from '../../schema.ts';
import { taskName } from '../../train/description.ts';
import { type BackboneDescription, backboneDescription } from '../../vision/backbone.ts';
import { wordVocabularyFields } from '../../words/description.ts';
import type { WordVocabulary } from '../../words/index.ts';
import { type AnswererConfig, answererKinds } from './config.ts';
import type { QuestionType } from './question-types.ts';

/** Everything that makes an answerer besides its parameters: plain data. */
export interface AnswererDescription {
  readonly task: 'vqa';
  readonly config: AnswererConfig;
  readonly backbone: BackboneDescription;
  readonly words: WordVocabulary;
  readonly answers: readonly string[];
  readonly types: readonly QuestionType[];
}

/** The description of an answerer in a file. */
export const answererDescription: Schema<AnswererDescription> = objectOf<AnswererDescription>({
  task: taskName('vqa'),
  config: optionsOf(answererKinds),
  backbone: backboneDescription,
  words: objectOf<WordVocabulary>(wordVocabularyFields),
  answers: listOfDifferent(text, 2),
  types: listOf(objectOf<QuestionType>({ begin: text, answers: listOf(text) })),
});
