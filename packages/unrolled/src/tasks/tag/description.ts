import { oneOf, whole } from '../../checks.ts';
import { isSpanLabel } from '../../labels.ts';
import type { SavedParameters } from '../../nn/parameters.ts';
import {
  listOf,
  listOfDifferent,
  mismatch,
  nullable,
  objectOf,
  optionsOf,
  type Schema,
  scalar,
  text,
} from '../../schema.ts';
import { taskName } from '../../train/description.ts';
import { wordVocabularyFields } from '../../words/description.ts';
import { type TaggerDescription, taggerKinds } from './config.ts';
import { type SpanScheme, spanSchemes, type TagVocabulary } from './vocabulary.ts';

const fields = objectOf<TagVocabulary>({
  ...wordVocabularyFields,
  characters: listOfDifferent(text),
  characterCounts: listOf(scalar<number>(whole())),
  tags: listOfDifferent(text, 1),
  scheme: nullable(scalar<SpanScheme>(oneOf(spanSchemes))),
});

const vocabulary: Schema<TagVocabulary> = (value, place) => {
  const read = fields(value, place);
  const odd = read.scheme === null ? -1 : read.tags.findIndex((tag) => !isSpanLabel(tag));
  if (odd >= 0) throw mismatch(`${place}.tags[${odd}]`, `a label of the scheme ${read.scheme}`, read.tags[odd]);
  return read;
};

const description = objectOf<TaggerDescription>({
  task: taskName('tag'),
  config: optionsOf(taggerKinds),
  vocabulary,
});

/** The description of a tagger in a file. @param saved  its parameters, which must be those of its tags */
export function taggerDescription(
  value: unknown,
  place: string,
  saved: SavedParameters | undefined,
): TaggerDescription {
  const read = description(value, place);
  const K = read.vocabulary.tags.length;
  const rows = saved && Object.hasOwn(saved, 'output.bias') ? saved['output.bias'].shape[0] : K;
  // Constraints of a CRF are K × K, and are made before its parameters are declared.
  if (rows !== K) throw mismatch(`${place}.vocabulary.tags`, `a list of ${rows} tags, as its parameters have them`, K);
  return read;
}
