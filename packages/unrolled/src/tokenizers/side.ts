import { createTokenizer, tokenizerFor } from './create.ts';
import type { Tokenizer, TokenizerConfig, TokenKind } from './tokenizer.ts';
import { leaveOutUnknown, wordTokens } from './vocabulary.ts';

export interface SideOptions {
  /** Kind of tokens. Default 'char'. */
  readonly tokens?: TokenKind;
  /** Maximum vocabulary size of words and byte pairs; see `tokenizerFor`. */
  readonly vocabulary?: number;
}

/**
 * The vocabulary of sequences that a model reads or writes, such as one side of a translation: the V tokens of a tokenizer and two more: `end` (id V), which ends every
 * sequence, and `start` (id V + 1), the decoder's first input.
 *
 * Words and byte pairs are tokenized with a space before the text, so that a word is the same token at the start of a text
 * as elsewhere; decoding removes it.
 */
export class Side {
  readonly tokenizer: Tokenizer;
  readonly end: number;
  readonly start: number;

  constructor(tokenizer: TokenizerConfig) {
    this.tokenizer = createTokenizer(tokenizer);
    this.end = this.tokenizer.size;
    this.start = this.tokenizer.size + 1;
  }

  /** The vocabulary of these texts. */
  static for(texts: readonly string[], { tokens = 'char', vocabulary }: SideOptions = {}): Side {
    const text = texts.map((one) => (tokens === 'char' ? one : ` ${one}`)).join('\n');
    const { config } = tokenizerFor(tokens, text, vocabulary);
    // Texts are single lines: a newline is no token of characters or words.
    return new Side(
      config.kind === 'bpe' ? config : { ...config, vocabulary: config.vocabulary.filter((token) => token !== '\n') },
    );
  }

  /** Number of ids in a sequence: V and `end`. */
  get size(): number {
    return this.tokenizer.size + 1;
  }

  /**
   * The ids of a text and of its end. Characters missing in a character vocabulary are ignored.
   * @returns the ids, and each ignored character once
   */
  encode(text: string): { ids: number[]; leftOut: string[] } {
    const known = leaveOutUnknown(this.tokenizer, text);
    const whole = this.#spaced ? ` ${known.text}` : known.text;
    return { ids: [...this.tokenizer.encode(whole), this.end], leftOut: [...known.leftOut.keys()] };
  }

  /** The text of ids, with or without the end token. */
  decode(ids: readonly number[]): string {
    const text = this.tokenizer.decode(ids.filter((id) => id < this.end));
    return this.#spaced && text.startsWith(' ') ? text.slice(1) : text;
  }

  /** Readable names of the ids of a text: those of its own words where the tokens are words, also of unknown ones. */
  namesIn(text: string, ids: readonly number[]): string[] {
    const names = this.names(ids);
    if (this.tokenizer.kind !== 'word') return names;
    const words = Array.from(wordTokens(` ${text}`), (word) => word.trim());
    return names.map((name, s) => words[s] || name);
  }

  /** A readable name of each id. */
  names(ids: readonly number[]): string[] {
    return ids.map((id) => {
      if (id === this.end) return '⏎';
      const text = this.tokenizer.decode([id]);
      return text === ' ' ? '␣' : text.trim() || '·';
    });
  }

  get #spaced(): boolean {
    return this.tokenizer.kind !== 'char';
  }
}
