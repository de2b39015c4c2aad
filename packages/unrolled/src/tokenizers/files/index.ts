export { bytePairsFromFiles } from './byte-pairs.ts';
export { tokenizerFromHuggingFace } from './hugging-face.ts';
export { tokenizerFromLlama2c } from './llama2c.ts';
export { type WordPieceFileOptions, wordPiecesFromFile } from './word-pieces.ts';
