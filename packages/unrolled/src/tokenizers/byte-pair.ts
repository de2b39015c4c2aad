import { FormatError } from '../errors.ts';
import { byteAlphabet, bytesOf, piecesOf, toByteAlphabet } from './bytes.ts';
import { type Merge, mergePairs } from './merge-pairs.ts';
import { specialSplitter, type TextPart } from './special-tokens.ts';
import type { BytePairConfig, Tokenizer } from './tokenizer.ts';

/** A piece of text is cut anew only where it was not just seen. */
const cacheSize = 50_000;

/**
 * Byte pairs on the bytes of UTF-8 (Radford 2019): every text can be written with them, and comes back as it was.
 *
 * @example
 * const tokenizer = tokenizerFor('bpe', text, 1000);
 * tokenizer.decode(tokenizer.encode('naïve 🙂')) === 'naïve 🙂';
 */
export class BytePairTokenizer implements Tokenizer {
  readonly kind = 'bpe';
  readonly config: BytePairConfig;
  readonly unknown = null;
  readonly #ids: ReadonlyMap<string, number>;
  readonly #merges = new Map<number, Merge>();
  readonly #bytes: readonly Uint8Array[];
  readonly #cache = new Map<string, readonly number[]>();
  readonly #parts: (text: string) => readonly TextPart[];
  readonly begin: number | null;
  readonly ends: readonly number[];

  /** @throws FormatError if a byte or a part of a merge is not in the vocabulary */
  constructor(config: BytePairConfig) {
    const { vocabulary, merges, special = [], begin = null, ends = [] } = config;
    this.config = config;
    this.begin = begin;
    this.ends = ends;
    this.#parts = specialSplitter(special);
    this.#ids = new Map(vocabulary.map((token, id) => [token, id]));
    const idOf = (token: string): number => {
      const id = this.#ids.get(token);
      if (id === undefined)
        throw new FormatError(`tokens: the byte pairs lack '${token}'; the file was altered`, { token });
      return id;
    };
    byteAlphabet.forEach(idOf);
    merges.forEach((merge, rank) => {
      const [left, right] = merge.split(' ');
      const key = this.#key(idOf(left), idOf(right ?? ''));
      this.#merges.set(key, { rank, id: idOf(left + right) });
    });
    special.forEach(idOf);
    const names = new Set(special);
    this.#bytes = vocabulary.map((token) => (names.has(token) ? new TextEncoder().encode(token) : bytesOf(token)));
  }

  get size(): number {
    return this.vocabulary.length;
  }

  get vocabulary(): readonly string[] {
    return this.config.vocabulary;
  }

  encode(text: string): Int32Array {
    const result: number[] = [];
    for (const part of this.#parts(text)) {
      if (part.special) {
        result.push(this.#ids.get(part.text)!);
        continue;
      }
      for (const piece of piecesOf(part.text, this.config.splitDigits)) {
        for (const token of this.#tokensOf(piece)) result.push(token);
      }
    }
    return Int32Array.from(result);
  }

  #tokensOf(piece: string): readonly number[] {
    const known = this.#cache.get(piece);
    if (known !== undefined) return known;
    const bytes = Array.from(toByteAlphabet(piece), (byte) => this.#ids.get(byte)!);
    const tokens = mergePairs(bytes, (left, right) => this.#merges.get(this.#key(left, right)));
    if (this.#cache.size >= cacheSize) this.#cache.clear();
    this.#cache.set(piece, tokens);
    return tokens;
  }

  /** Bytes that are not UTF-8, which a model can produce, become U+FFFD. */
  decode(ids: ArrayLike<number>): string {
    const decoder = newDecoder();
    let text = '';
    for (let i = 0; i < ids.length; i++) text += decoder.decode(this.#bytes[ids[i]], { stream: true });
    return text + decoder.decode();
  }

  decoder(): (id: number) => string {
    const decoder = newDecoder();
    return (id) => decoder.decode(this.#bytes[id], { stream: true });
  }

  idOf(text: string): number | null {
    return this.#ids.get(toByteAlphabet(text)) ?? null;
  }

  /** One number for a pair of tokens. */
  #key(left: number, right: number): number {
    return left * this.config.vocabulary.length + right;
  }
}

/** A byte order mark is a character like others. */
const newDecoder = (): TextDecoder => new TextDecoder('utf-8', { ignoreBOM: true });

/** The tokenizer as the `tokenizer.json` of Hugging Face's libraries. */
export function huggingFaceTokenizer({ config: { vocabulary, merges, special = [], splitDigits } }: BytePairTokenizer) {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content) => ({
      ...{ id: vocabulary.indexOf(content), content, special: true, normalized: false },
      ...{ single_word: false, lstrip: false, rstrip: false },
    })),
    normalizer: null,
    pre_tokenizer: splitDigits
      ? { type: 'Sequence', pretokenizers: [{ type: 'Digits', individual_digits: true }, byteLevel] }
      : byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges,
    },
  };
}
