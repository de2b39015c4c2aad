import type { TokenKind } from '../../tokenizers/tokenizer.ts';
import { wordsIn } from './columns.ts';
import type { Summary } from './config.ts';

/** How a classifier reads texts: chosen by what they look like. */
export interface Reading {
  readonly tokens: TokenKind;
  readonly pooling: Summary;
  /** The reason, in a sentence for people. */
  readonly why: string;
}

/** Texts sampled to choose how they are read. */
const enough = 5000;

/**
 * Chooses tokens and pooling. Texts of several words are read as words, since a label depends on which words occur; single
 * words and texts without spaces between words are read as characters.
 *
 * @example
 * chooseReading(['Schmidt', 'Rossi']).tokens;   // 'char'
 */
export function chooseReading(texts: readonly string[]): Reading {
  const sample = texts.slice(0, enough);
  const words = sample.map(wordsIn).sort((a, b) => a - b);
  const median = words[words.length >> 1] ?? 0;
  const total = words.reduce((sum, count) => sum + count, 0);
  const characters = sample.reduce((sum, text) => sum + text.replace(/\s+/g, '').length, 0);
  const unspaced = sample.reduce((sum, text) => sum + (text.match(unspacedScripts)?.length ?? 0), 0);
  if (unspaced > characters / 4) {
    return { tokens: 'char', pooling: 'max', why: 'texts without spaces between words are read as characters' };
  }
  if (median <= 2 || total === 0) {
    return {
      tokens: 'char',
      pooling: 'last',
      why: `texts of ${median <= 1 ? 'one word' : 'two words'} are read as characters`,
    };
  }
  return { tokens: 'word', pooling: 'attention', why: `texts of several words (median ${median}) are read as words` };
}

/** Chinese and Japanese characters, Thai, Lao, Khmer, Burmese. */
const unspacedScripts =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/gu;
