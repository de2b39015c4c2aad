import { number } from '../../checks.ts';
import {
  listOf,
  listOfDifferent,
  mismatch,
  objectOf,
  optional,
  optionsOf,
  type Schema,
  scalar,
  text,
} from '../../schema.ts';
import { tokenizerConfig } from '../../tokenizers/description.ts';
import { taskName } from '../../train/description.ts';
import { wordVocabularyFields } from '../../words/description.ts';
import { type ClassifierDescription, classifierKinds } from './config.ts';
import type { Column, Columns } from './layout.ts';

type Tokens = ClassifierDescription['tokenizer'];

const words = objectOf<Extract<Tokens, { kind: 'words' }>>({ kind: taskName('words'), ...wordVocabularyFields });

const tokens: Schema<Tokens> = (value, place) => {
  const { kind } = (value ?? {}) as { readonly kind?: unknown };
  return kind === 'words' ? words(value, place) : tokenizerConfig(value, place);
};

const column: Schema<Column> = (value, place) => {
  if (typeof value === 'string' || Number.isSafeInteger(value)) return value as Column;
  throw mismatch(place, 'the name or the number of a column', value);
};

/** The description of a classifier in a file. */
export const classifierDescription: Schema<ClassifierDescription> = objectOf<ClassifierDescription>({
  task: taskName('classify'),
  config: optionsOf(classifierKinds, { longest: 'maxLength' }),
  tokenizer: tokens,
  labels: listOfDifferent(text, 2),
  columns: optional(objectOf<Columns>({ label: column, text: listOf(column, 1) })),
  temperature: scalar<number>(number({ above: 0 })),
});
