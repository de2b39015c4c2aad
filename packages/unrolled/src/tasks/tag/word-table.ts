import { ConfigError } from '../../errors.ts';
import { Embedding } from '../../nn/embedding.ts';
import type { Declarations, Parameter } from '../../nn/parameters.ts';
import { embedding, select } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { TagVocabulary } from './vocabulary.ts';
import type { WordVectors } from './word-vectors.ts';

/**
 * A vector for each word, `[…]` → `[…, E]`: those of words in the training text, and of all unknown ones, are learnt;
 * vectors of further words were given and stay as they are. Parameters: `words.weight` [V, E], and where there are further
 * words `further.weight` [X, E], which is frozen.
 */
export class WordTable {
  readonly #words: readonly string[];
  readonly #furtherWords: readonly string[];
  readonly #size: number;
  readonly #learnt: Embedding;
  #further: Parameter | null = null;

  constructor({ words, further }: TagVocabulary, size: number) {
    this.#words = words;
    this.#furtherWords = further;
    this.#size = size;
    this.#learnt = new Embedding({ vocabularySize: words.length + 1, dimension: size });
  }

  build(declarations: Declarations): void {
    this.#learnt.build([-1, -1], declarations.within('words'));
    const shape = [this.#furtherWords.length, this.#size];
    this.#further = shape[0] > 0 ? declarations.within('further').buffer('weight', shape) : null;
  }

  /**
   * Takes over the vectors of all words that have one, as they are written or in small letters.
   * @returns how many words of the training text have one
   * @throws ConfigError if the vectors have another length
   */
  take({ words, size, values }: WordVectors): number {
    if (size !== this.#size) {
      throw new ConfigError(`tag: the word vectors have ${size} numbers, the model's have ${this.#size}`, { size });
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
    return write(this.#learnt.table, 1, this.#words);
  }

  apply(ids: Float64Array, shape: readonly number[]): Tensor {
    const { device } = this.#learnt.table;
    const entries = this.#words.length + 1;
    const own = ids.map((id) => (id < entries ? id : 0));
    const learnt = this.#learnt.apply(device.ids(own, shape));
    if (!this.#further || ids.every((id) => id < entries)) return learnt;
    const others = ids.map((id) => Math.max(0, id - entries));
    const given = embedding(this.#further.value, device.ids(others, shape));
    const isGiven = ids.map((id) => (id < entries ? 0 : 1));
    return select(device.tensor(isGiven, [...shape, 1]), given, learnt);
  }
}
