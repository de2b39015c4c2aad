import { bits, perplexity } from 'unrolled/tasks/language-model';
import type { ProgressEvent, ValidationEvent } from 'unrolled/train';
import type { ProgressUnits, Units, ValidationUnits } from '../../run-events.ts';

/** From a model's tokens to what people count: characters. */
export class TextUnits implements Units {
  readonly #charactersPerToken: number;

  constructor(characters: number, tokens: number) {
    this.#charactersPerToken = characters / tokens;
  }

  /** Nats a token to nats a character. */
  natsPerCharacter(loss: number): number {
    return loss / this.#charactersPerToken;
  }

  bitsPerCharacter(loss: number): number {
    return bits(this.natsPerCharacter(loss));
  }

  progress({ loss, itemsPerSecond }: ProgressEvent): ProgressUnits {
    return {
      bitsPerCharacter: this.bitsPerCharacter(loss),
      charactersPerSecond: itemsPerSecond * this.#charactersPerToken,
    };
  }

  validation({ loss }: ValidationEvent): ValidationUnits {
    const bitsPerCharacter = this.bitsPerCharacter(loss);
    return this.#charactersPerToken === 1 ? { bitsPerCharacter } : { bitsPerCharacter, perplexity: perplexity(loss) };
  }
}
