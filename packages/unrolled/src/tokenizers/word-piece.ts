import { FormatError } from '../errors.ts';
import { specialSplitter, type TextPart } from './special-tokens.ts';
import type { Tokenizer, WordPieceConfig } from './tokenizer.ts';

/** Ranges of Chinese characters, each of which BERT reads as a word. */
const chinese: readonly (readonly [from: number, to: number])[] = [
  [0x4e00, 0x9fff],
  [0x3400, 0x4dbf],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b920, 0x2ceaf],
  [0xf900, 0xfaff],
  [0x2f800, 0x2fa1f],
];

const isChinese = (character: string): boolean => {
  const code = character.codePointAt(0)!;
  return chinese.some(([from, to]) => code >= from && code <= to);
};

/** All signs of ASCII count as punctuation, also `$`, `+` and `^`. */
const punctuation = /([\p{P}$+<=>^`|~])/u;

/**
 * Words in pieces (Wu 2016) as in BERT (Devlin 2019): control characters are left out, letters made small and accents removed, the
 * text cut at white space and punctuation, and each word written with the longest pieces there are, from left to right. Texts do
 * not come back as they were.
 */
export class WordPieceTokenizer implements Tokenizer {
  readonly kind = 'wordpiece';
  readonly config: WordPieceConfig;
  readonly unknown: number;
  readonly begin: number | null;
  readonly ends: readonly number[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #parts: (text: string) => readonly TextPart[];
  /** The most characters of a piece. */
  readonly #longest: number;

  /** @throws FormatError if the id of unknown words is none of the vocabulary */
  constructor(config: WordPieceConfig) {
    const { vocabulary, unknown, begin = null, ends = [], special } = config;
    if (unknown >= vocabulary.length) {
      throw new FormatError(`tokens: the unknown word is ${unknown} of ${vocabulary.length}; the file was altered`);
    }
    this.config = config;
    this.unknown = unknown;
    this.begin = begin;
    this.ends = ends;
    this.#ids = new Map(vocabulary.map((token, id) => [token, id]));
    this.#parts = specialSplitter(special);
    this.#longest = vocabulary.reduce((most, { length }) => Math.max(most, length), 0);
  }

  get size(): number {
    return this.vocabulary.length;
  }

  get vocabulary(): readonly string[] {
    return this.config.vocabulary;
  }

  get #continuation(): string {
    return this.config.continuation ?? '##';
  }

  encode(text: string): Int32Array {
    const result: number[] = [];
    for (const part of this.#parts(text)) {
      if (part.special) result.push(this.#ids.get(part.text)!);
      else for (const word of this.#words(part.text)) result.push(...this.#pieces(word));
    }
    return Int32Array.from(result);
  }

  /** The words and signs of a text. */
  #words(text: string): string[] {
    const { lowercase = true, stripAccents = lowercase, splitChinese = true } = this.config;
    let clean = '';
    for (const character of text) {
      if (/^[\p{White_Space}]$/u.test(character)) clean += ' ';
      else if (/^[\p{Cc}\p{Cf}\p{Co}\ufffd]$/u.test(character)) continue;
      else clean += splitChinese && isChinese(character) ? ` ${character} ` : character;
    }
    if (stripAccents) clean = clean.normalize('NFD').replace(/\p{Mn}/gu, '');
    // Character by character: a sigma at the end of a word is one like others.
    if (lowercase) clean = Array.from(clean, (character) => character.toLowerCase()).join('');
    return clean.split(' ').flatMap((word) => word.split(punctuation).filter((part) => part !== ''));
  }

  #pieces(word: string): readonly number[] {
    const characters = [...word];
    if (characters.length > (this.config.mostCharacters ?? 100)) return [this.unknown];
    const ids: number[] = [];
    for (let start = 0; start < characters.length; ) {
      let [end, id]: [number, number | undefined] = [Math.min(characters.length, start + this.#longest), undefined];
      for (; end > start; end--) {
        id = this.#ids.get((start > 0 ? this.#continuation : '') + characters.slice(start, end).join(''));
        if (id !== undefined) break;
      }
      if (id === undefined) return [this.unknown];
      ids.push(id);
      start = end;
    }
    return ids;
  }

  /** With a space before each word but none before a full stop, comma, question or exclamation mark. */
  decode(ids: ArrayLike<number>): string {
    return Array.from(ids, this.decoder()).join('');
  }

  decoder(continues = false): (id: number) => string {
    let first = !continues;
    return (id) => {
      const token = this.vocabulary[id];
      const spaced = !first && !token.startsWith(this.#continuation);
      const text = !first && token.startsWith(this.#continuation) ? token.slice(this.#continuation.length) : token;
      first = false;
      return spaced && !/^[.?!,]$/.test(token) ? ` ${text}` : text;
    };
  }

  idOf(text: string): number | null {
    return this.#ids.get(text) ?? null;
  }
}
