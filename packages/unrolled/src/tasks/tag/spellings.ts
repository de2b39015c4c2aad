import { padSequences } from '../../data/padding.ts';
import { Embedding } from '../../nn/embedding.ts';
import type { Context } from '../../nn/layer.ts';
import type { Declarations } from '../../nn/parameters.ts';
import { Recurrent } from '../../nn/recurrent.ts';
import { concat } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';

export interface SpellingEncoderOptions {
  /** Number of characters, with one for all unknown characters. */
  readonly vocabularySize: number;
  /** C, dimension of a character vector, and hidden units of each direction. */
  readonly dimension: number;
}

/** Longer words lose their middle. */
const maxLength = 48;

/**
 * A vector for the spelling of a word (Lample 2016): the last states of a forward and a backward LSTM over its characters,
 * concatenated: `[W, 2C]`. Parameters: `embedding.weight`, `lstm.weight_ih_l0` …
 */
export class SpellingEncoder {
  readonly #embedding: Embedding;
  readonly #recurrent: Recurrent;

  constructor({ vocabularySize, dimension }: SpellingEncoderOptions) {
    this.#embedding = new Embedding({ vocabularySize, dimension });
    this.#recurrent = new Recurrent({ cell: 'lstm', hidden: dimension, bidirectional: true });
  }

  /** Returns the dimension of a spelling vector, 2C. */
  build(declarations: Declarations): number {
    const embedded = this.#embedding.build([-1, -1], declarations.within('embedding'));
    return this.#recurrent.build(embedded, declarations.within('lstm')).at(-1)!;
  }

  /** @param spellings  ids of the characters of each word, at least one */
  apply(spellings: readonly (readonly number[])[], context: Context): Tensor {
    const cut = spellings.map((ids) =>
      ids.length > maxLength ? [...ids.slice(0, maxLength / 2), ...ids.slice(-maxLength / 2)] : ids,
    );
    const { values, shape, lengths } = padSequences(cut);
    const embedded = this.#embedding.apply(this.#embedding.table.device.ids(values, shape)); // [T, W, C]
    const { state } = this.#recurrent.run(embedded, context, { lengths });
    return concat(
      state.map(({ h }) => h),
      -1,
    );
  }
}
