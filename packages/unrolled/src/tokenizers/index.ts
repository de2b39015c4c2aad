/**
 * Characters, words and pieces of words to token ids and back; tokenizers of published models.
 * @module
 */

export { BytePairTokenizer, huggingFaceTokenizer } from './byte-pair.ts';
export { type BytePairs, trainBytePairs } from './byte-pair-training.ts';
export { byteAlphabet } from './bytes.ts';
export * from './create.ts';
export * from './files/index.ts';
export { SentencePieceTokenizer } from './sentence-piece.ts';
export type { SpecialTokens } from './special-tokens.ts';
export * from './tokenizer.ts';
export { describeCharacter, leaveOutUnknown, wordTokens } from './vocabulary.ts';
export { WordPieceTokenizer } from './word-piece.ts';
