import { ConfigError } from '../errors.ts';
import { Embedding } from '../nn/embedding.ts';
import type { Declarations, Parameter } from '../nn/parameters.ts';
import { embedding, select } from '../ops/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WordVocabulary } from './vocabulary.ts';
import type { WordVectors } from './word-vectors.ts';

/**
 * A vector for each word id, `[…]` → `[…, E]`: trainable for the vocabulary's `words` and for unknown ones (id 0), frozen
 * for its `further` words. Parameters: `words.weight` [V + 1, E], and where there are further words the buffer
 * `further.weight` [X, E].
 */
export class WordTable {
  readonly #words: readonly string[];
  readonly #furtherWords: readonly string[];
  readonly #size: number;
  readonly #trainable: Embedding;
  #further: Parameter | null = null;

  constructor({ words, further }: WordVocabulary, size: number) {
    this.#words = words;
    this.#furtherWords = further;
    this.#size = size;
    this.#trainable = new Embedding({ vocabularySize: words.length + 1, dimension: size });
  }

  build(declarations: Declarations): void {
    this.#trainable.build([-1, -1], declarations.within('words'));
    const shape = [this.#furtherWords.length, this.#size];
    this.#further = shape[0] > 0 ? declarations.within('further').buffer('weight', shape) : null;
  }

  /**
   * Copies the given vectors of all words that have one, as they are written or lower-cased. Call it before training.
   * @returns how many words with a trainable vector have one
   * @throws ConfigError if the vectors have another length
   */
  take({ words, size, values }: WordVectors): number {
    if (size !== this.#size) {
      throw new ConfigError(
        `word vectors: they have ${size} numbers, the model's embedding has ${this.#size}; make them equal`,
        { size },
      );
    }
    const rows = new Map(words.map((word, row) => [word, row]));
    const write = (table: Tensor, first: number, names: readonly string[]): number => {
      const numbers = table.data();
      let found = 0;
      for (const [index, name] of names.entries()) {
        const row = rows.get(name) ?? rows.get(name.toLowerCase());
        if (row === undefined) continue;
        numbers.set(values.subarray(row * size, (row + 1) * size), (first + index) * size);
        found++;
      }
      table.device.backend.write(table, numbers);
      return found;
    };
    if (this.#further) write(this.#further.value, 0, this.#furtherWords);
    return write(this.#trainable.table, 1, this.#words);
  }

  apply(ids: Float64Array, shape: readonly number[]): Tensor {
    const { device } = this.#trainable.table;
    const entries = this.#words.length + 1;
    const places = ids.map((id) => (id < entries ? id : 0));
    const own = this.#trainable.apply(device.ids(places, shape));
    if (!this.#further || ids.every((id) => id < entries)) return own;
    const others = ids.map((id) => Math.max(0, id - entries));
    const given = embedding(this.#further.value, device.ids(others, shape));
    const isGiven = ids.map((id) => (id < entries ? 0 : 1));
    return select(device.tensor(isGiven, [...shape, 1]), given, own);
  }
}
