import { FormatError } from '../errors.ts';
import { byteAlphabet, bytesOf, piecesOf, toByteAlphabet } from './bytes.ts';
import { Heap } from './heap.ts';
import type { Tokenizer, TokenizerConfig } from './tokenizer.ts';

type BytePairConfig = Extract<TokenizerConfig, { kind: 'bpe' }>;

interface Merge {
  /** Rank of the merge; lower ranks are applied first. */
  readonly rank: number;
  readonly id: number;
}

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

  /** @throws FormatError if a byte or a part of a merge is not in the vocabulary */
  constructor(config: BytePairConfig) {
    const { vocabulary, merges } = config;
    this.config = config;
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
    this.#bytes = vocabulary.map(bytesOf);
  }

  get size(): number {
    return this.vocabulary.length;
  }

  get vocabulary(): readonly string[] {
    return this.config.vocabulary;
  }

  encode(text: string): Int32Array {
    const result: number[] = [];
    for (const piece of piecesOf(text)) {
      let tokens = this.#cache.get(piece);
      if (tokens === undefined) {
        tokens = this.#join(Array.from(toByteAlphabet(piece), (byte) => this.#ids.get(byte)!));
        if (this.#cache.size >= cacheSize) this.#cache.clear();
        this.#cache.set(piece, tokens);
      }
      for (const token of tokens) result.push(token);
    }
    return Int32Array.from(result);
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

  /** Joins neighbours, the merge learnt first before all others, the leftmost of equals first. */
  #join(tokens: readonly number[]): readonly number[] {
    const ids = [...tokens];
    const next = ids.map((_, i) => i + 1);
    const previous = ids.map((_, i) => i - 1);
    const heap = new Heap<Merge & { place: number }>((a, b) => a.rank - b.rank || a.place - b.place);
    const offer = (place: number): void => {
      if (place < 0 || next[place] >= ids.length) return;
      const merge = this.#merges.get(this.#key(ids[place], ids[next[place]]));
      if (merge !== undefined) heap.push({ ...merge, place });
    };
    for (let i = 0; i + 1 < ids.length; i++) offer(i);
    for (let top = heap.pop(); top !== undefined; top = heap.pop()) {
      const { place, id } = top;
      const right = next[place];
      // What was offered may have been joined to something else since.
      if (ids[place] < 0 || right >= ids.length) continue;
      if (this.#merges.get(this.#key(ids[place], ids[right]))?.id !== id) continue;
      ids[place] = id;
      ids[right] = -1;
      next[place] = next[right];
      if (next[place] < ids.length) previous[next[place]] = place;
      offer(previous[place]);
      offer(place);
    }
    return ids.filter((id) => id >= 0);
  }
}

/** A byte order mark is a character like others. */
const newDecoder = (): TextDecoder => new TextDecoder('utf-8', { ignoreBOM: true });

/** The tokenizer as the `tokenizer.json` of Hugging Face's libraries. */
export function huggingFaceTokenizer({ config: { vocabulary, merges } }: BytePairTokenizer) {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: byteLevel,
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
