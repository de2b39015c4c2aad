import { type Context, inference } from '../../nn/layer.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { wordTokens } from '../../tokenizers/vocabulary.ts';
import { dropRare, splitWords, type WordVocabulary, wordIds } from '../../words/index.ts';

/** A token as the text has it, with the space before it, and its id. */
export interface ReadToken {
  readonly text: string;
  readonly id: number;
}

/** Reads texts as token ids, whatever the tokens are; there is always an id for unknown ones. */
export interface TextReader {
  /** V, the number of ids. */
  readonly vocabularySize: number;
  /** The id of unknown tokens. */
  readonly unknown: number;
  /** Whether tokens are whole words, rather than parts of words. */
  readonly readsWords: boolean;
  tokens(text: string): ReadToken[];
  /** The id that stands for a token: while training, rare ones are sometimes replaced by unknown. */
  vary(id: number, context: Context): number;
}

/** The ids of at most so many tokens: at least one, so that an empty text is one unknown token. */
export function readIds(reader: TextReader, text: string, maxLength: number, context: Context = inference): number[] {
  const ids = readTokens(reader, text, maxLength).map(({ id }) => reader.vary(id, context));
  return ids.length === 0 ? [reader.unknown] : ids;
}

export const readTokens = (reader: TextReader, text: string, maxLength: number): ReadToken[] =>
  reader.tokens(text).slice(0, maxLength);

export const readerFor = (tokens: Tokenizer | WordVocabulary): TextReader =>
  'further' in tokens ? new WordReader(tokens) : new TokenReader(tokens);

/** Words and punctuation marks, as `splitWords` finds them. */
class WordReader implements TextReader {
  readonly vocabularySize: number;
  readonly unknown = 0;
  readonly readsWords = true;
  readonly #idOf: (word: string) => number;
  readonly #counts: readonly number[];

  constructor(vocabulary: WordVocabulary) {
    this.vocabularySize = 1 + vocabulary.words.length + vocabulary.further.length;
    this.#idOf = wordIds(vocabulary);
    this.#counts = vocabulary.wordCounts;
  }

  tokens(text: string): ReadToken[] {
    let from = 0;
    return splitWords(text).map(({ text: word, end }) => {
      const token = { text: text.slice(from, end), id: this.#idOf(word) };
      from = end;
      return token;
    });
  }

  vary(id: number, context: Context): number {
    return dropRare(id, this.#counts, context);
  }
}

/** While training, this share of tokens is replaced by unknown, so that the vector of unknown ones is trained. */
const unknownRate = 0.01;

/** Tokens of a tokenizer. */
class TokenReader implements TextReader {
  readonly vocabularySize: number;
  readonly unknown: number;
  readonly readsWords = false;
  readonly #tokenizer: Tokenizer;
  readonly #cut: (text: string) => ReadToken[];

  constructor(tokenizer: Tokenizer) {
    this.#tokenizer = tokenizer;
    this.unknown = tokenizer.unknown ?? tokenizer.size;
    this.vocabularySize = Math.max(tokenizer.size, this.unknown + 1);
    const named = (text: string): ReadToken => ({ text, id: tokenizer.idOf(text) ?? this.unknown });
    // Words keep the space before them: with one before the first, it is the same word as elsewhere.
    const spaced = (text: string): string => ` ${text.trimStart()}`;
    const cuts: Partial<Record<Tokenizer['kind'], (text: string) => ReadToken[]>> = {
      char: (text) => Array.from(text, named),
      word: (text) => Array.from(wordTokens(spaced(text)), named),
    };
    const pieces = (text: string): ReadToken[] => {
      const decode = tokenizer.decoder();
      return Array.from(tokenizer.encode(spaced(text)), (id) => ({ text: decode(id), id }));
    };
    this.#cut = cuts[tokenizer.kind] ?? pieces;
  }

  tokens(text: string): ReadToken[] {
    return this.#cut(text);
  }

  vary(id: number, context: Context): number {
    // A tokenizer with an id for unknown tokens has already seen it in its text.
    if (!context.training || this.#tokenizer.unknown !== null) return id;
    return context.random.uniform() < unknownRate ? this.unknown : id;
  }
}
