import { FormatError } from '../errors.ts';
import { type Merge, mergePairs } from './merge-pairs.ts';
import { specialSplitter, type TextPart } from './special-tokens.ts';
import type { SentencePieceConfig, Tokenizer } from './tokenizer.ts';

/** The character that stands for a space: U+2581. */
const space = '▁';

/** The token of a byte, `<0x0A>`, in vocabularies that write what they lack byte by byte. */
const byteToken = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;

const encoder = new TextEncoder();

/**
 * Byte pairs on the characters of a text (SentencePiece's BPE, Kudo & Richardson 2018), as in Llama 1 and 2: a space is ▁, one is
 * put before the text, words are not cut apart first, and characters that the vocabulary lacks are written in bytes.
 */
export class SentencePieceTokenizer implements Tokenizer {
  readonly kind = 'sentencepiece';
  readonly config: SentencePieceConfig;
  readonly unknown: number | null;
  readonly begin: number | null;
  readonly ends: readonly number[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #mergeOf: (left: number, right: number) => Merge | undefined;
  readonly #parts: (text: string) => readonly TextPart[];
  /** The tokens of the 256 bytes; null if the vocabulary has not all of them. */
  readonly #byteIds: readonly number[] | null;
  /** The bytes that tokens write. */
  readonly #bytes: readonly Uint8Array[];

  /** @throws FormatError if a part of a merge is not in the vocabulary, or neither merges nor scores say what is joined */
  constructor(config: SentencePieceConfig) {
    const { vocabulary, unknown = null, begin = null, ends = [], special = [] } = config;
    this.config = config;
    this.unknown = unknown;
    this.begin = begin;
    this.ends = ends;
    this.#ids = new Map(vocabulary.map((token, id) => [token, id]));
    this.#parts = specialSplitter(special);
    const byteIds = Array.from({ length: 256 }, (_, byte) => this.#ids.get(byteToken(byte)) ?? -1);
    this.#byteIds = byteIds.includes(-1) ? null : byteIds;
    this.#bytes = vocabulary.map((token) => encoder.encode(token.replaceAll(space, ' ')));
    byteIds.forEach((id, byte) => {
      if (id >= 0) (this.#bytes as Uint8Array[])[id] = Uint8Array.of(byte);
    });
    this.#mergeOf = mergesOf(config, this.#ids);
  }

  get size(): number {
    return this.vocabulary.length;
  }

  get vocabulary(): readonly string[] {
    return this.config.vocabulary;
  }

  encode(text: string): Int32Array {
    const result: number[] = [];
    for (const [i, part] of this.#parts(text).entries()) {
      if (part.special) result.push(this.#ids.get(part.text)!);
      else
        for (const id of mergePairs(this.#characters(this.#prefixed(part.text, i === 0)), this.#mergeOf))
          result.push(id);
    }
    return Int32Array.from(result);
  }

  #prefixed(text: string, first: boolean): string {
    const { prefix = 'first', doublePrefix = true } = this.config;
    const wanted = text !== '' && (prefix === 'always' || (prefix === 'first' && first));
    const pieces = text.replaceAll(' ', space);
    return wanted && (doublePrefix || !pieces.startsWith(space)) ? space + pieces : pieces;
  }

  /** The ids of single characters, or of their bytes; neighbouring unknown ones are one. */
  #characters(text: string): number[] {
    const ids: number[] = [];
    for (const character of text) {
      const id = this.#ids.get(character);
      if (id !== undefined) ids.push(id);
      else if (this.#byteIds) for (const byte of encoder.encode(character)) ids.push(this.#byteIds[byte]);
      else if (this.unknown !== null && ids.at(-1) !== this.unknown) ids.push(this.unknown);
    }
    return ids;
  }

  /** Bytes that are not UTF-8, which a model can produce, become U+FFFD. */
  decode(ids: ArrayLike<number>): string {
    const decoder = this.#decoder();
    let text = '';
    for (let i = 0; i < ids.length; i++) text += decoder.decode(this.#bytes[ids[i]], { stream: true });
    return this.#withoutPrefix(text + decoder.decode());
  }

  decoder(continues = false): (id: number) => string {
    const decoder = this.#decoder();
    let first = !continues;
    return (id) => {
      const text = decoder.decode(this.#bytes[id], { stream: true });
      if (!first || text === '') return text;
      first = false;
      return this.#withoutPrefix(text);
    };
  }

  idOf(text: string): number | null {
    const id = this.#ids.get(text.replaceAll(' ', space));
    const [byte, ...more] = encoder.encode(text);
    return id ?? (more.length === 0 && byte !== undefined ? (this.#byteIds?.[byte] ?? null) : null);
  }

  #withoutPrefix(text: string): string {
    return this.config.prefix !== 'never' && text.startsWith(' ') ? text.slice(1) : text;
  }

  #decoder(): TextDecoder {
    return new TextDecoder('utf-8', { ignoreBOM: true });
  }
}

/** What pairs become, by the ranks of merges or by the scores of what they make. */
function mergesOf(
  { vocabulary, merges, scores, special = [] }: SentencePieceConfig,
  ids: ReadonlyMap<string, number>,
): (left: number, right: number) => Merge | undefined {
  if (scores) {
    if (scores.length !== vocabulary.length) {
      throw new FormatError(`tokens: ${vocabulary.length} pieces have ${scores.length} scores; the file was altered`);
    }
    const names = new Set(special);
    return (left, right) => {
      const joined = vocabulary[left] + vocabulary[right];
      const id = names.has(joined) ? undefined : ids.get(joined);
      return id === undefined ? undefined : { rank: -scores[id], id };
    };
  }
  if (!merges) throw new FormatError('tokens: pieces have neither merges nor scores; the file was altered');
  const idOf = (token: string): number => {
    const id = ids.get(token);
    if (id === undefined) throw new FormatError(`tokens: the pieces lack '${token}'; the file was altered`, { token });
    return id;
  };
  const key = (left: number, right: number): number => left * vocabulary.length + right;
  const table = new Map<number, Merge>();
  merges.forEach((merge, rank) => {
    const [left, right = ''] = merge.split(' ');
    table.set(key(idOf(left), idOf(right)), { rank, id: idOf(left + right) });
  });
  return (left, right) => table.get(key(left, right));
}
