import { anything, count, flag, type Kind, type Kinds, required, whole } from '../../checks.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import type { StackOptions } from '../../nn/transformer/options.ts';
import { stackKinds } from '../../train/description.ts';
import type { ConllColumns } from './conll-columns.ts';
import type { TagVocabulary } from './vocabulary.ts';

/** Cell and sizes of a tagger: plain data. */
export interface TaggerConfig {
  /** Recurrent cell over the words: a name, a cell of your own, or a full configuration. */
  readonly cell: CellSource;
  /** H, hidden units of each direction in each layer. */
  readonly hidden: number;
  /** L, recurrent layers over the words. */
  readonly layers: number;
  /** E, dimension of a word vector; that of the pretrained vectors, if there are any. */
  readonly embedding: number;
  /** C, hidden units of each direction over the characters and dimension of a character vector; 0: no characters. */
  readonly characters: number;
  /** Dropout rate on the inputs of the recurrent layers, between them, and before the output. */
  readonly dropout: number;
  /** Whether a CRF chooses the tags of a sentence jointly; otherwise each tag is chosen by itself. */
  readonly crf: boolean;
  /** Columns of the CoNLL files it was trained on, for files it is evaluated or used on. Default: found in each file. */
  readonly columns?: ConllColumns | undefined;
  /** The blocks of a Transformer in place of recurrent layers, `hidden` wide. Default: none. */
  readonly transformer?: StackOptions | undefined;
}

/** Everything that makes the model besides its parameters. */
export interface TaggerDescription {
  readonly task: 'tag';
  readonly config: TaggerConfig;
  readonly vocabulary: TagVocabulary;
}

const isColumn = (value: unknown): boolean => Number.isInteger(value) && value !== 0;
const columns: Kind = {
  must: '{ word, tag }, columns from 1, or from the last as -1',
  fits: (value) => {
    const { word, tag } = (value ?? {}) as Partial<ConllColumns>;
    return isColumn(word) && isColumn(tag);
  },
};

export const taggerKinds: Kinds<TaggerConfig> = {
  ...stackKinds,
  embedding: required(count),
  characters: required(whole()),
  crf: required(flag),
  columns,
  transformer: anything,
};
