import { padSequences } from '../../data/buckets.ts';
import { Embedding } from '../../nn/embedding.ts';
import type { Context } from '../../nn/layer.ts';
import type { Declarations } from '../../nn/parameters.ts';
import { Recurrent } from '../../nn/recurrent.ts';
import { concat } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';

export interface SpellingEncoderOptions {
  /** How many different characters there are, with the one for all that are not known. */
  readonly vocabularySize: number;
  /** Length of a character's vector, and hidden units of each direction. */
  readonly dimension: number;
}

/** Longer words are read without their middle. */
const longest = 48;

/**
 * A vector for the spelling of a word (Lample 2016): an LSTM reads its characters forward and another backward, and their
 * last states stand side by side, `[W, 2C]`. Parameters: `embedding.weight`, `lstm.weight_ih_l0` …
 */
export class SpellingEncoder {
  readonly #embedding: Embedding;
  readonly #recurrent: Recurrent;

  constructor({ vocabularySize, dimension }: SpellingEncoderOptions) {
    this.#embedding = new Embedding({ vocabularySize, dimension });
    this.#recurrent = new Recurrent({ cell: 'lstm', hidden: dimension, bidirectional: true });
  }

  /** Returns the width of a vector. */
  build(declarations: Declarations): number {
    const embedded = this.#embedding.build([-1, -1], declarations.within('embedding'));
    return this.#recurrent.build(embedded, declarations.within('lstm')).at(-1)!;
  }

  /** @param spellings  the characters' ids of each word, one or more */
  apply(spellings: readonly (readonly number[])[], context: Context): Tensor {
    const cut = spellings.map((ids) =>
      ids.length > longest ? [...ids.slice(0, longest / 2), ...ids.slice(-longest / 2)] : ids,
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
