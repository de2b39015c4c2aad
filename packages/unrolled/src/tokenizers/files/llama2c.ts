import { FormatError } from '../../errors.ts';
import type { SentencePieceConfig } from '../tokenizer.ts';

/** Ids in every vocabulary that llama2.c writes. */
const [unknown, begin, end] = [0, 1, 2];

/**
 * The tokenizer of llama2.c, such as `tok512.bin`: the length of the longest piece as int32, then of each piece its score
 * (float32), its length (int32) and its bytes, all little-endian. A text begins with piece 1, and ends at it or at piece 2.
 * @throws FormatError if the file is cut off or of another kind
 */
export function tokenizerFromLlama2c(file: Uint8Array): SentencePieceConfig {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const damaged = (why: string): never => {
    throw new FormatError(`tokenizer.bin: ${why}; the file is cut off or of another kind`, { bytes: file.length });
  };
  if (file.length < 4) damaged(`it has ${file.length} bytes`);
  const longest = view.getInt32(0, true);
  const [vocabulary, scores]: [string[], number[]] = [[], []];
  for (let place = 4; place < file.length; ) {
    if (place + 8 > file.length) damaged(`piece ${vocabulary.length} has no length`);
    const [score, length] = [view.getFloat32(place, true), view.getInt32(place + 4, true)];
    place += 8;
    if (length < 0 || length > longest || place + length > file.length || !Number.isFinite(score)) {
      damaged(`piece ${vocabulary.length} has a length of ${length} and the score ${score}`);
    }
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(file.subarray(place, place + length));
    vocabulary.push(text.replaceAll(' ', '▁'));
    scores.push(score);
    place += length;
  }
  if (vocabulary.length <= end) damaged(`it has ${vocabulary.length} pieces`);
  return { kind: 'sentencepiece', vocabulary, scores, unknown, begin, ends: [begin, end] };
}
