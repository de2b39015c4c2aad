import type { SpecialTokens } from './special-tokens.ts';

/** Turns text into token ids and back. */
export interface Tokenizer {
  readonly kind: TokenizerConfig['kind'];
  /** V, the number of different tokens. */
  readonly size: number;
  /** The tokens by id; byte pairs in the alphabet of `byteAlphabet`. */
  readonly vocabulary: readonly string[];
  /** @throws DataError if the text has something the vocabulary lacks and there is no token for the unknown */
  encode(text: string): Int32Array;
  decode(ids: ArrayLike<number>): string;
  /**
   * A streaming decoder: for each id, the text that is complete with it, which may be empty.
   * @param continues  whether the ids continue a text: pieces that begin with a space then keep it. Default false
   */
  decoder(continues?: boolean): (id: number) => string;
  /** The id of the token with this text; null if there is none. */
  idOf(text: string): number | null;
  /** The id of unknown tokens; null if there is none. It is never sampled. */
  readonly unknown: number | null;
  /** The id that a model expects before every text, which `encode` does not add; null if there is none. */
  readonly begin: number | null;
  /** The ids that end a text. */
  readonly ends: readonly number[];
  /** Plain data to make the same tokenizer from. */
  readonly config: TokenizerConfig;
}

/** Kinds of tokenizers that are made for a text. */
export type TokenKind = 'char' | 'word' | 'bpe';

export interface VocabularyConfig {
  readonly kind: 'char' | 'word';
  readonly vocabulary: readonly string[];
}

/** Byte pairs on the bytes of UTF-8, as GPT-2's. */
export interface BytePairConfig extends SpecialTokens {
  readonly kind: 'bpe';
  readonly vocabulary: readonly string[];
  /** Pairs of tokens that become one, `left right`, the first to be joined first. */
  readonly merges: readonly string[];
  /** Whether each digit is a piece by itself. Default false. */
  readonly splitDigits?: boolean | undefined;
}

/** Byte pairs on characters, as SentencePiece's and Llama's: ▁ stands for a space. */
export interface SentencePieceConfig extends SpecialTokens {
  readonly kind: 'sentencepiece';
  readonly vocabulary: readonly string[];
  /** Pairs of tokens that become one, `left right`, the first to be joined first. Either these or `scores`. */
  readonly merges?: readonly string[] | undefined;
  /** A score for each token: of all pairs that are a token together, the one with the highest is joined first. */
  readonly scores?: readonly number[] | undefined;
  /** The id of what is neither a token nor written in bytes. Default: none. */
  readonly unknown?: number | undefined;
  /** Whether a space is put before every text, or before every part between special tokens. Default 'first'. */
  readonly prefix?: (typeof spacePrefixes)[number] | undefined;
  /** Whether a text that begins with a space gets another one. Default true. */
  readonly doublePrefix?: boolean | undefined;
}

export const spacePrefixes = ['never', 'first', 'always'] as const;

/** Words in pieces, as BERT's: `##` stands before those that continue a word. */
export interface WordPieceConfig extends SpecialTokens {
  readonly kind: 'wordpiece';
  readonly vocabulary: readonly string[];
  /** The id of words that cannot be written. */
  readonly unknown: number;
  /** Default true. */
  readonly lowercase?: boolean | undefined;
  /** Whether accents are left out. Default: as `lowercase`. */
  readonly stripAccents?: boolean | undefined;
  /** Whether each Chinese character is a word. Default true. */
  readonly splitChinese?: boolean | undefined;
  /** Default '##'. */
  readonly continuation?: string | undefined;
  /** Words of more characters are unknown. Default 100. */
  readonly mostCharacters?: number | undefined;
}

export type TokenizerConfig = VocabularyConfig | BytePairConfig | SentencePieceConfig | WordPieceConfig;
