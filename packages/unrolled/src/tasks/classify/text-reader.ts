import { type Context, inference } from '../../nn/layer.ts';
import type { Tokenizer } from '../../tokenizers/tokenizer.ts';

/** Of all tokens, so many are taken for unknown while training, so that there is something to know about the unknown. */
const unknownRate = 0.01;

/** Texts as token ids, with an id for what the vocabulary lacks, whatever the tokenizer. */
export class TextReader {
  /** How many ids there are. */
  readonly size: number;
  readonly #tokenizer: Tokenizer;
  readonly #longest: number;
  readonly #unknown: number;

  constructor(tokenizer: Tokenizer, longest: number) {
    this.#tokenizer = tokenizer;
    this.#longest = longest;
    this.#unknown = tokenizer.unknown ?? tokenizer.size;
    this.size = Math.max(tokenizer.size, this.#unknown + 1);
  }

  /** The ids of a text: at least one, so that an empty text is one unknown. */
  read(text: string, context: Context = inference): number[] {
    const ids = this.#encode(text).slice(0, this.#longest);
    if (ids.length === 0) return [this.#unknown];
    // Tokenizers with an id for rare words have seen it in the text.
    if (!context.training || this.#tokenizer.unknown !== null) return ids;
    return ids.map((id) => (context.random.uniform() < unknownRate ? this.#unknown : id));
  }

  /** The tokens of a text, as text. */
  tokens(text: string): string[] {
    if (this.#tokenizer.kind === 'char') return [...text].slice(0, this.#longest);
    return this.read(text).map((id) => (id === this.#unknown ? '<unk>' : this.#tokenizer.decode([id])));
  }

  #encode(text: string): number[] {
    if (this.#tokenizer.kind === 'char') {
      return Array.from(text, (character) => this.#tokenizer.idOf(character) ?? this.#unknown);
    }
    // Words keep the space before them: with one before the first, it is the same word as elsewhere.
    return Array.from(this.#tokenizer.encode(` ${text.trimStart()}`));
  }
}
