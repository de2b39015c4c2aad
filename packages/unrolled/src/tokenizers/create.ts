import { whole } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import { BytePairTokenizer } from './byte-pair.ts';
import { trainBytePairs } from './byte-pair-training.ts';
import { SentencePieceTokenizer } from './sentence-piece.ts';
import type { Tokenizer, TokenizerConfig, TokenKind } from './tokenizer.ts';
import { charVocabulary, vocabularyTokenizer, wordVocabulary } from './vocabulary.ts';
import { WordPieceTokenizer } from './word-piece.ts';

/** Kinds that `tokenizerFor` makes. */
export const tokenizerKinds = ['char', 'word', 'bpe'] as const satisfies readonly TokenKind[];

/** Default and least vocabulary sizes. */
const sizes = { word: { usual: 20_001, least: 2 }, bpe: { usual: 2_000, least: 256 } } as const;

/**
 * Makes the tokenizer for a text: its characters (code points); its words with the space before them, those seen only once
 * being `<unk>`; or byte pairs learned on it.
 *
 * @param size  the most tokens, of words (default 20,001 with `<unk>`) and byte pairs (default 2,000, of which 256 are
 *   the bytes); there are fewer where the text has no more
 * @throws ConfigError on an unknown kind, a size that is too small, or one for characters
 */
export function tokenizerFor(kind: TokenKind, text: string, size?: number): Tokenizer {
  if (kind === 'char') {
    if (size !== undefined) {
      throw new ConfigError(
        `tokens: a vocabulary of ${size} is for words and byte pairs; characters are as many as the text has`,
        { kind, size },
      );
    }
    return vocabularyTokenizer(kind, charVocabulary(text));
  }
  if (!Object.hasOwn(sizes, kind)) {
    throw new ConfigError(`tokens: unknown kind '${kind}'; use ${tokenizerKinds.join(', ')}`, { kind });
  }
  const { usual, least } = sizes[kind];
  if (size !== undefined && !whole({ from: least }).fits(size)) {
    throw new ConfigError(`tokens: a vocabulary of '${kind}' has at least ${least} tokens, received ${size}`, {
      kind,
      size,
    });
  }
  return kind === 'word'
    ? vocabularyTokenizer(kind, wordVocabulary(text, size ?? usual))
    : new BytePairTokenizer({ kind, ...trainBytePairs(text, size ?? usual) });
}

/** The tokenizer a configuration describes. */
export function createTokenizer(config: TokenizerConfig): Tokenizer {
  switch (config.kind) {
    case 'bpe':
      return new BytePairTokenizer(config);
    case 'sentencepiece':
      return new SentencePieceTokenizer(config);
    case 'wordpiece':
      return new WordPieceTokenizer(config);
    default:
      return vocabularyTokenizer(config.kind, config.vocabulary);
  }
}
