import { DataError } from '../errors.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Tokenizers with a list of tokens, and how each cuts a text. */
const kinds = {
  char: {
    tokens: (text: string): Iterable<string> => text,
    unknown: null,
  },
  word: {
    // Words and runs of punctuation keep the space before them, so that joining the tokens gives the text back.
    tokens: (text: string): Iterable<string> => text.match(/ ?[\p{L}\p{N}_'’]+| ?[^\s\p{L}\p{N}_]|\s/gu) ?? [],
    unknown: '<unk>',
  },
} as const;

/** The words of a text as the tokenizer of words cuts it; joined, they give the text back. */
export const wordsOf = (text: string): Iterable<string> => kinds.word.tokens(text);

/** A word enters the vocabulary when it is seen this often. */
const wordMinimum = 2;

/** The tokens of a text for a tokenizer of words; joined, they give the text back. */
export const wordTokens = (text: string): Iterable<string> => kinds.word.tokens(text);

/** The characters (code points) of a text, in order. */
export const charVocabulary = (text: string): string[] => [...new Set(text)].sort(byCodePoint);

/**
 * `<unk>` and the words of a text with the space before them, the most frequent first; words seen only once are unknown.
 * @param size  the most tokens, with `<unk>`
 */
export function wordVocabulary(text: string, size: number): string[] {
  const counts = new Map<string, number>();
  for (const token of kinds.word.tokens(text)) counts.set(token, (counts.get(token) ?? 0) + 1);
  const frequent = [...counts].filter(([, count]) => count >= wordMinimum);
  frequent.sort(([a, m], [b, n]) => n - m || byCodePoint(a, b));
  return ['<unk>', ...frequent.slice(0, size - 1).map(([token]) => token)];
}

/** The tokenizer of characters or words with this vocabulary. */
export function vocabularyTokenizer(kind: 'char' | 'word', vocabulary: readonly string[]): Tokenizer {
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  const unknownToken = kinds[kind].unknown;
  const unknown = unknownToken === null ? null : (ids.get(unknownToken) ?? null);
  return {
    kind,
    config: { kind, vocabulary },
    vocabulary,
    size: vocabulary.length,
    unknown,
    begin: null,
    ends: [],
    encode(text) {
      const result: number[] = [];
      for (const token of kinds[kind].tokens(text)) {
        const id = ids.get(token) ?? unknown;
        if (id === null) {
          throw new DataError(
            `tokens: ${describeCharacter(token)} is not in the model's vocabulary of ${vocabulary.length}: ` +
              `${vocabularyForPeople(vocabulary)}`,
            { character: token },
          );
        }
        result.push(id);
      }
      return Int32Array.from(result);
    },
    decode: (tokens) => Array.from(tokens, (id) => vocabulary[id]).join(''),
    decoder: () => (id) => vocabulary[id],
    idOf: (text) => ids.get(text) ?? null,
  };
}

/** Removes characters that the vocabulary lacks: the remaining text, and how often each was removed. */
export function leaveOutUnknown(tokenizer: Tokenizer, text: string): { text: string; leftOut: Map<string, number> } {
  const leftOut = new Map<string, number>();
  if (tokenizer.kind !== 'char') return { text, leftOut };
  const known = new Set(tokenizer.vocabulary);
  let kept = '';
  for (const character of text) {
    if (known.has(character)) kept += character;
    else leftOut.set(character, (leftOut.get(character) ?? 0) + 1);
  }
  return { text: kept, leftOut };
}

/** A character as messages show it. */
export function describeCharacter(character: string): string {
  const code = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  return /\p{C}|\p{Z}/u.test(character) ? code : `'${character}' (${code})`;
}

function vocabularyForPeople(vocabulary: readonly string[]): string {
  const shown = vocabulary.filter((character) => !/[\p{C}\p{Z}]/u.test(character)).join('');
  const characters = [...shown];
  return characters.length > 120 ? `${characters.slice(0, 120).join('')}…` : shown;
}

const byCodePoint = (a: string, b: string): number => a.codePointAt(0)! - b.codePointAt(0)! || (a < b ? -1 : 1);
