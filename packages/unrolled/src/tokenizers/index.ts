/**
 * Characters, words and byte pairs to token ids and back.
 * @module
 */

export { BytePairTokenizer, huggingFaceTokenizer } from './byte-pair.ts';
export { type BytePairs, trainBytePairs } from './byte-pair-training.ts';
export { byteAlphabet } from './bytes.ts';
export * from './create.ts';
export * from './tokenizer.ts';
export { describeCharacter, leaveOutUnknown, wordTokens } from './vocabulary.ts';
