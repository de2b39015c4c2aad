import { bits, perplexity } from 'unrolled/tasks/language-model';

/** From a model's tokens to what people count: characters. */
export class Units {
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

  /** Of a token, where tokens are more than characters: `{}` where they are not. */
  perplexity(loss: number): { perplexity?: number } {
    return this.#charactersPerToken === 1 ? {} : { perplexity: perplexity(loss) };
  }

  charactersPerSecond(tokensPerSecond: number): number {
    return tokensPerSecond * this.#charactersPerToken;
  }
}

/** Characters as people count them: code points. */
export function countCharacters(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** 75 → "1:15". */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** 12345 → "12,345". */
export function formatCount(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

/** `1 file`, `1,250 files`. */
export function countOf(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? '' : 's'}`;
}

export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const value = bytes / 1024 ** power;
  return `${value.toLocaleString('en-US', { maximumFractionDigits: power > 1 ? 1 : 0 })} ${units[power]}`;
}

/** A word as a shell takes it: in quotes where it must be. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
