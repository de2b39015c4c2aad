import { number } from '../../checks.ts';
import { listOf, objectOf, optionsOf, type Schema, scalar, text } from '../../schema.ts';
import { taskName } from '../../train/description.ts';
import { wordVocabularyFields } from '../../words/description.ts';
import type { WordVocabulary } from '../../words/vocabulary.ts';
import { type TargetSelectorConfig, targetSelectorKinds } from './config.ts';
import { type Dot, readSituation, type Situation, type Speaker, speakers, type Utterance } from './game.ts';

/** Everything that makes a target selector besides its parameters. */
export interface TargetSelectorDescription {
  readonly task: 'target-selection';
  readonly config: TargetSelectorConfig;
  readonly vocabulary: WordVocabulary;
}

export const targetSelectorDescription: Schema<TargetSelectorDescription> = objectOf<TargetSelectorDescription>({
  task: taskName('target-selection'),
  config: optionsOf(targetSelectorKinds),
  vocabulary: objectOf(wordVocabularyFields),
});

const coordinate = scalar<number>(number({ from: -10, to: 10 }));
const dot = objectOf<Dot>({ x: coordinate, y: coordinate, size: coordinate, colour: coordinate });
const speaker = scalar<Speaker>({
  must: `one of ${speakers.join(', ')}`,
  fits: (value) => speakers.includes(value as Speaker),
});

const fields: Schema<Situation> = objectOf<Situation>({
  dots: listOf(dot, 2),
  utterances: listOf(objectOf<Utterance>({ speaker, text })),
});

/** What a player sees, and what was said, from JSON; a text is a line of a file of games. */
export const situation: Schema<Situation> = (value, place) =>
  fields(typeof value === 'string' ? readSituation(value, place) : value, place);
