import type { Tokenizer } from '../../tokenizers/tokenizer.ts';
import { wordsOf } from '../../tokenizers/vocabulary.ts';

/** What a range of a text's tokens has, to compare losses of different tokenizers. */
export interface TextMeasure {
  readonly tokens: number;
  /** Code points. */
  readonly characters: number;
  /** How many of the tokens are `<unk>`. */
  readonly unknown: number;
  /** Nats that spelling out the unknown words costs; see `spellingCost`. */
  readonly spelling: number;
}

/**
 * Measures the tokens `from` … `to − 1` of a text. Bits per character that can be compared between tokenizers follow as
 *
 *     (tokens · loss + spelling) / characters / ln 2
 *
 * @param ids  `tokenizer.encode(text)`
 *
 * @example
 * const { tokens, characters, spelling } = measureText(tokenizer, text, ids, 1);   // all that are predicted
 */
export function measureText(
  tokenizer: Tokenizer,
  text: string,
  ids: Int32Array,
  from = 0,
  to: number = ids.length,
): TextMeasure {
  const end = Math.min(to, ids.length);
  const tokens = Math.max(0, end - from);
  if (tokenizer.kind === 'char') return { tokens, characters: tokens, unknown: 0, spelling: 0 };
  if (tokenizer.kind !== 'word') {
    return { tokens, characters: countOf(tokenizer.decode(ids.subarray(from, end))), unknown: 0, spelling: 0 };
  }
  const cost = spellingCost(tokenizer.vocabulary.filter((_, id) => id !== tokenizer.unknown));
  let [characters, unknown, spelling, place] = [0, 0, 0, 0];
  for (const word of wordsOf(text)) {
    if (place >= end) break;
    if (place >= from) {
      characters += countOf(word);
      if (ids[place] === tokenizer.unknown) {
        unknown++;
        spelling += cost(word);
      }
    }
    place++;
  }
  return { tokens, characters, unknown, spelling };
}

/** Nats per character from nats per token, with the spelling of unknown words: comparable between tokenizers. */
export function natsPerCharacter({ tokens, characters, spelling }: TextMeasure, loss: number): number {
  return (loss * tokens + spelling) / characters;
}

/**
 * Nats to write a word letter by letter: frequencies of characters, and of the end of a word, over a vocabulary; one that
 * does not occur there costs an escape (Witten & Bell 1991, method C) and one of all 1,114,112 code points. With a language
 * model over words this makes P(`<unk>`) · P(spelling) a probability of the word itself.
 *
 *     P(c) = n(c) / (N + D);   P(escape) = D / (N + D),   N = Σ n(c),   D = number of different characters
 */
export function spellingCost(vocabulary: readonly string[]): (word: string) => number {
  const counts = new Map<string, number>();
  let total = 0;
  const count = (character: string): void => {
    counts.set(character, (counts.get(character) ?? 0) + 1);
    total++;
  };
  for (const word of [...vocabulary, '']) {
    for (const character of word) count(character);
    count('');
  }
  const all = total + counts.size;
  const unseen = Math.log(all / counts.size) + Math.log(0x110000);
  const costOf = (character: string): number => {
    const n = counts.get(character);
    return n === undefined ? unseen : Math.log(all / n);
  };
  return (word) => [...word].reduce((sum, character) => sum + costOf(character), costOf(''));
}

function countOf(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}
