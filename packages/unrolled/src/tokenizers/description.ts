import { listOf, mismatch, objectOf, type Schema, text } from '../schema.ts';
import type { TokenizerConfig } from './tokenizer.ts';

type BytePairs = Extract<TokenizerConfig, { kind: 'bpe' }>;
type Vocabulary = Exclude<TokenizerConfig, BytePairs>;

const kindOf =
  <Kind extends string>(...kinds: readonly Kind[]): Schema<Kind> =>
  (value, place) => {
    const found = kinds.find((kind) => kind === value);
    if (found === undefined) throw mismatch(place, `a kind of tokenizer (${kinds.join(', ')})`, value);
    return found;
  };

const vocabulary = listOf(text, 1);
const bytePairs = objectOf<BytePairs>({ kind: kindOf('bpe'), vocabulary, merges: listOf(text) });
const listed = objectOf<Vocabulary>({ kind: kindOf('char', 'word'), vocabulary });

/** A tokenizer in a file. */
export const tokenizerConfig: Schema<TokenizerConfig> = (value, place) => {
  const { kind } = (value ?? {}) as Partial<TokenizerConfig>;
  return kind === 'bpe' ? bytePairs(value, place) : listed(value, place);
};
