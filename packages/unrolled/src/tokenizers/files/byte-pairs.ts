import type { BytePairConfig } from '../tokenizer.ts';
import { parsedJson, tokensById } from './vocabulary.ts';

/** The token that GPT-2 reads before and after every text. */
const endOfText = '<|endoftext|>';

/**
 * GPT-2's tokenizer from its two files: `vocab.json` and `merges.txt`, or `encoder.json` and `vocab.bpe`.
 * @throws FormatError if one is damaged
 *
 * @example
 * const config = bytePairsFromFiles(readFileSync('vocab.json', 'utf8'), readFileSync('merges.txt', 'utf8'));
 * createTokenizer(config).encode('Hello world');   // [15496, 995]
 */
export function bytePairsFromFiles(vocabulary: string, merges: string): BytePairConfig {
  const tokens = tokensById('vocab.json', parsedJson('vocab.json', vocabulary));
  const end = tokens.indexOf(endOfText);
  return {
    kind: 'bpe',
    vocabulary: tokens,
    merges: merges.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version')),
    ...(end >= 0 && { special: [endOfText], ends: [end] }),
  };
}
