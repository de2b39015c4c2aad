/**
 * One visible character for each of the 256 bytes (Radford 2019), so that any token can be written in a file: printable
 * Latin-1 characters stand for themselves, the other bytes for U+0100 and on, in order. A space is Ġ, a line break Ċ.
 */
export const byteAlphabet: readonly string[] = (() => {
  const printable = (byte: number): boolean => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : 256 + others++));
})();

const bytes = new Map(byteAlphabet.map((character, byte) => [character, byte]));
const encoder = new TextEncoder();

/** Text in that alphabet, a character for each byte of its UTF-8. */
export function toByteAlphabet(text: string): string {
  let result = '';
  for (const byte of encoder.encode(text)) result += byteAlphabet[byte];
  return result;
}

/** The bytes a token in that alphabet stands for. */
export const bytesOf = (token: string): Uint8Array => Uint8Array.from(token, (character) => bytes.get(character) ?? 63);

/**
 * The pieces of a text that byte pairs do not cross: words, numbers and runs of other signs, each with the space before
 * it, and white space (the expression of GPT-2). White space is Unicode's, as there: JavaScript's `\s` has U+FEFF and lacks U+0085.
 */
export function piecesOf(text: string, splitDigits = false): readonly string[] {
  if (splitDigits) return text.split(/(\p{N})/u).flatMap((part) => piecesOf(part));
  return text.match(pieces) ?? [];
}

const pieces =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;
