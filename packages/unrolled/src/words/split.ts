/** A word of a text and where it stands, in UTF-16 units as JavaScript counts. */
export interface Word {
  readonly text: string;
  readonly start: number;
  /** After its last character. */
  readonly end: number;
}

const letter = String.raw`[\p{L}\p{M}\p{N}_]`;

/** What a word can be, the first that fits. */
const pieces = new RegExp(
  [
    String.raw`(?:https?:\/\/|www\.)\S*[^\s.,;:!?'")\]}…]`,
    String.raw`[\p{L}\p{N}._%+-]{1,64}@[\p{L}\p{N}-]{1,64}(?:\.[\p{L}\p{N}-]{1,64})+`,
    `[@#]${letter}+`,
    String.raw`(?:\p{L}\.){2,}`,
    String.raw`\p{N}+(?:[.,:/]\p{N}+)+`,
    `${letter}+(?:[-'’&/]${letter}+)*`,
    String.raw`[:;=][-']?[()DPp/\\|\[\]](?!${letter})`,
    String.raw`([^\s\p{L}\p{M}\p{N}_])\1*\p{M}*`,
    String.raw`\S`,
  ].join('|'),
  'gu',
);

/** English endings that corpora write as words of their own: I'm → I 'm, don't → do n't. */
const ending = /(?<=.)(?:n['’]t|['’](?:s|m|re|ve|ll|d))$/iu;

/**
 * Cuts a text into words where spaces are, and signs off from words: addresses of the web and of mail, @names, #tags,
 * abbreviations with periods (U.S.), numbers (3.50, 12:30), words with a hyphen, apostrophe, & or / inside, and smileys
 * stay whole; a sign, or the same one several times, is a word. English endings ('s, 'm, 're, 've, 'll, 'd, n't) are cut
 * off, as in the Penn Treebank.
 *
 * @example
 * splitWords("It's 3.50!!").map(({ text }) => text);   // ['It', "'s", '3.50', '!!']
 */
export function splitWords(text: string): Word[] {
  const words: Word[] = [];
  for (const { 0: piece, index } of text.matchAll(pieces)) {
    const cut = /^[\p{L}]/u.test(piece) && !piece.includes('@') ? piece.search(ending) : -1;
    const parts = cut > 0 ? [piece.slice(0, cut), piece.slice(cut)] : [piece];
    let start = index;
    for (const part of parts) {
      words.push({ text: part, start, end: start + part.length });
      start += part.length;
    }
  }
  return words;
}
