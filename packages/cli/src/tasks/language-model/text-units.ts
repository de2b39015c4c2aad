import { bits, natsPerCharacter, perplexity, type TextMeasure } from 'unrolled/tasks/language-model';
import type { Tokenizer } from 'unrolled/tokenizers';
import type { ProgressEvent, ValidationEvent } from 'unrolled/train';
import type { ProgressUnits, Units, ValidationUnits } from '../../run/events.ts';

/** From a model's tokens to characters. */
export class TextUnits implements Units {
  readonly #train: TextMeasure;
  readonly #validation: TextMeasure;
  readonly #kind: Tokenizer['kind'];

  constructor(kind: Tokenizer['kind'], train: TextMeasure, validation: TextMeasure) {
    this.#kind = kind;
    this.#train = train;
    this.#validation = validation;
  }

  progress({ loss, itemsPerSecond }: ProgressEvent): ProgressUnits {
    return {
      bitsPerCharacter: bits(natsPerCharacter(this.#train, loss)),
      charactersPerSecond: (itemsPerSecond * this.#train.characters) / this.#train.tokens,
    };
  }

  validation({ loss }: ValidationEvent): ValidationUnits {
    const { unknown, tokens } = this.#validation;
    const bitsPerCharacter = bits(natsPerCharacter(this.#validation, loss));
    if (this.#kind === 'char') return { bitsPerCharacter };
    const shares = this.#kind === 'word' ? { unknownShare: unknown / tokens } : {};
    return { bitsPerCharacter, perplexity: perplexity(loss), ...shares };
  }
}
