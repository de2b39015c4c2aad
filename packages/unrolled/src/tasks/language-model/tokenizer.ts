import { ConfigError, DataError } from '../../errors.ts';

/** Turns text into token ids and back. */
export interface Tokenizer {
  readonly kind: 'char' | 'word';
  /** V, the number of different tokens. */
  readonly size: number;
  /** The tokens by id. */
  readonly vocabulary: readonly string[];
  /** @throws DataError if the text has something the vocabulary lacks and there is no token for the unknown */
  encode(text: string): Int32Array;
  decode(ids: ArrayLike<number>): string;
  /** The id that stands for anything unknown; null if there is none. It is never sampled. */
  readonly unknown: number | null;
  /** Plain data to make the same tokenizer from. */
  readonly config: TokenizerConfig;
}

export interface TokenizerConfig {
  readonly kind: 'char' | 'word';
  readonly vocabulary: readonly string[];
}

/** Which tokenizers there are, and how each is made from a text. */
const kinds = {
  char: {
    tokens: (text: string): Iterable<string> => text,
    unknown: null,
    vocabulary: (text: string): string[] => [...new Set(text)].sort(byCodePoint),
  },
  word: {
    // Words and runs of punctuation keep the space before them, so that joining the tokens gives the text back.
    tokens: (text: string): Iterable<string> => text.match(/ ?[\p{L}\p{N}_'’]+| ?[^\s\p{L}\p{N}_]|\s/gu) ?? [],
    unknown: '<unk>',
    vocabulary(text: string): string[] {
      const counts = new Map<string, number>();
      for (const token of kinds.word.tokens(text)) counts.set(token, (counts.get(token) ?? 0) + 1);
      const frequent = [...counts].filter(([, count]) => count >= wordMinimum);
      frequent.sort(([a, m], [b, n]) => n - m || byCodePoint(a, b));
      return ['<unk>', ...frequent.slice(0, wordLimit).map(([token]) => token)];
    },
  },
} as const;

/** A word enters the vocabulary when it is seen this often, and there are at most so many of them. */
const wordMinimum = 2;
const wordLimit = 20_000;

export const tokenizerKinds = Object.keys(kinds) as readonly TokenizerConfig['kind'][];

/**
 * The tokenizer for a text: its characters (code points), or its words with the space before them; words seen only
 * once become `<unk>`.
 * @throws ConfigError on an unknown kind
 */
export function tokenizerFor(kind: TokenizerConfig['kind'], text: string): Tokenizer {
  if (!Object.hasOwn(kinds, kind)) {
    throw new ConfigError(`tokens: there is no kind '${kind}'; use ${tokenizerKinds.join(' or ')}`, { kind });
  }
  return createTokenizer({ kind, vocabulary: kinds[kind].vocabulary(text) });
}

/** The tokenizer a configuration describes. */
export function createTokenizer(config: TokenizerConfig): Tokenizer {
  const { kind, vocabulary } = config;
  const ids = new Map(vocabulary.map((token, id) => [token, id]));
  const unknownToken = kinds[kind].unknown;
  const unknown = unknownToken === null ? null : (ids.get(unknownToken) ?? null);
  return {
    kind,
    config,
    vocabulary,
    size: vocabulary.length,
    unknown,
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
  };
}

/** Splits off what a character vocabulary lacks: the text without it, and how often each was left out. */
export function leaveOutUnknown(tokenizer: Tokenizer, text: string): { text: string; leftOut: Map<string, number> } {
  const leftOut = new Map<string, number>();
  if (tokenizer.unknown !== null) return { text, leftOut };
  const known = new Set(tokenizer.vocabulary);
  let kept = '';
  for (const character of text) {
    if (known.has(character)) kept += character;
    else leftOut.set(character, (leftOut.get(character) ?? 0) + 1);
  }
  return { text: kept, leftOut };
}

/** A character as a message can show it. */
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
