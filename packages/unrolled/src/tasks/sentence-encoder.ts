import { padSequences } from '../data/padding.ts';
import { captionTokens } from '../metrics/captions.ts';
import type { CellSource } from '../nn/cells/registry.ts';
import { Dropout } from '../nn/dropout.ts';
import type { Context } from '../nn/layer.ts';
import type { Declarations } from '../nn/parameters.ts';
import { pool } from '../nn/pooling.ts';
import { Recurrent } from '../nn/recurrent.ts';
import { WordTable } from '../nn/word-table.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { takeVectors, type WordVectors, type WordVocabulary, wordIds, wordVocabulary } from '../words/index.ts';
import { wordTableOptions } from '../words/take-vectors.ts';
import { dropRare } from '../words/vocabulary.ts';

export interface SentenceEncoderOptions {
  readonly cell: CellSource;
  /** H. */
  readonly hidden: number;
  readonly layers: number;
  /** E, the dimension of word vectors. */
  readonly embedding: number;
  /** Rate of dropout after the embedding and between the layers. */
  readonly dropout: number;
}

/** Sentences that were read: the states of their words `[T, B, H]`, the last of each `[B, H]`, and the number of words. */
export interface ReadSentences {
  readonly states: Tensor;
  readonly last: Tensor;
  readonly lengths: readonly number[];
}

/** The words of a sentence as models about images read it: lower-case, without punctuation. */
export const sentenceWords = captionTokens;

/** The vocabulary of training sentences. @param vectors  given vectors of words; see `wordVocabulary` */
export const sentenceVocabulary = (sentences: readonly string[], vectors?: WordVectors | undefined): WordVocabulary =>
  wordVocabulary(sentences.map(sentenceWords), { vectors });

/**
 * Reads sentences word by word: x_t = words[id_t], h_t = cells(x_t, h_{t−1}). Unknown words have a vector that is trained: while
 * training, rare words are sometimes unknown. Parameters: those of `WordTable` and of `Recurrent`, under `recurrent.`.
 */
export class SentenceEncoder {
  readonly vocabulary: WordVocabulary;
  readonly #words: WordTable;
  readonly #recurrent: Recurrent;
  readonly #dropout: Dropout;
  readonly #idOf: (word: string) => number;

  constructor(vocabulary: WordVocabulary, { cell, hidden, layers, embedding, dropout }: SentenceEncoderOptions) {
    this.vocabulary = vocabulary;
    this.#idOf = wordIds(vocabulary);
    this.#words = new WordTable(wordTableOptions(vocabulary, embedding));
    this.#recurrent = new Recurrent({ cell, hidden, layers, dropout });
    this.#dropout = new Dropout({ rate: dropout });
  }

  /** H; known once it is built. */
  get width(): number {
    return this.#recurrent.width;
  }

  build(declarations: Declarations): void {
    const embedded = this.#words.build([-1, -1], declarations);
    this.#recurrent.build(embedded, declarations.within('recurrent'));
  }

  /** Copies given vectors of words. Call it before training. @returns how many trainable words have one */
  takeVectors(vectors: WordVectors): number {
    return takeVectors(this.#words, this.vocabulary, vectors);
  }

  /** The ids of a sentence's words; of one without words, that of an unknown one. */
  idsOf(sentence: string): readonly number[] {
    const ids = sentenceWords(sentence).map(this.#idOf);
    return ids.length === 0 ? [0] : ids;
  }

  /** Reads sentences given by the ids of their words. A row does not depend on the others. */
  read(device: Device, sentences: readonly (readonly number[])[], context: Context): ReadSentences {
    const { wordCounts } = this.vocabulary;
    const varied = sentences.map((ids) => ids.map((id) => dropRare(id, wordCounts, context)));
    const { values, shape, lengths } = padSequences(varied);
    const embedded = this.#dropout.apply(this.#words.apply(device.ids(values, shape)), context);
    const { outputs } = this.#recurrent.run(embedded, context, { lengths });
    return { states: outputs, last: pool('last', outputs, lengths), lengths };
  }
}
