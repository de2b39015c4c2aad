import { ConfigError } from '../errors.ts';
import type { WordTable } from '../nn/word-table.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { WordVocabulary } from './vocabulary.ts';
import type { WordVectors } from './word-vectors.ts';

/** A table for the words of a vocabulary, in the order of their ids. */
export const wordTableOptions = ({ words, further }: WordVocabulary, dimension: number) => ({
  words: words.length,
  further: further.length,
  dimension,
});

/**
 * Copies the given vectors of all words of a vocabulary that have one, as they are written or lower-cased, into its table.
 * Call it before training.
 * @returns how many words with a trainable vector have one
 * @throws ConfigError if the vectors have another length
 */
export function takeVectors(
  { config: { dimension }, tables }: WordTable,
  vocabulary: WordVocabulary,
  { words, size, values }: WordVectors,
): number {
  if (size !== dimension) {
    throw new ConfigError(
      `word vectors: they have ${size} numbers, the model's embedding has ${dimension}; make them equal`,
      { size },
    );
  }
  const rows = new Map(words.map((word, row) => [word, row]));
  const write = (table: Tensor, first: number, names: readonly string[]): number => {
    let found = 0;
    for (const [index, name] of names.entries()) {
      const row = rows.get(name) ?? rows.get(name.toLowerCase());
      if (row === undefined) continue;
      const place = table.view([size], (first + index) * size);
      table.device.backend.write(place, values.subarray(row * size, (row + 1) * size));
      found++;
    }
    return found;
  };
  if (tables.further) write(tables.further, 0, vocabulary.further);
  return write(tables.words, 1, vocabulary.words);
}
