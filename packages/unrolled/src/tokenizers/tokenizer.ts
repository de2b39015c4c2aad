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
  /** A streaming decoder: for each id, the text that is complete with it, which may be empty. */
  decoder(): (id: number) => string;
  /** The id of the token with this text; null if there is none. */
  idOf(text: string): number | null;
  /** The id of unknown tokens; null if there is none. It is never sampled. */
  readonly unknown: number | null;
  /** Plain data to make the same tokenizer from. */
  readonly config: TokenizerConfig;
}

export type TokenizerConfig =
  | { readonly kind: 'char' | 'word'; readonly vocabulary: readonly string[] }
  | {
      readonly kind: 'bpe';
      readonly vocabulary: readonly string[];
      /** Pairs of tokens that become one, `left right`, the first to be joined first. */
      readonly merges: readonly string[];
    };
