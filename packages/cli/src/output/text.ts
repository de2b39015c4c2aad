import { stripVTControlCharacters } from 'node:util';

/** Without control characters, which generated text may contain as its training text did. */
export function printable(text: string): string {
  return stripVTControlCharacters(text)
    .replaceAll('\t', '  ')
    .replace(/(?!\n)\p{Cc}/gu, '·');
}

/** Rows of at most so many columns, broken at spaces if possible. */
export function wrap(text: string, columns: number): string[] {
  return text.split('\n').flatMap((line) => wrapLine([...line], columns));
}

function wrapLine(line: readonly string[], columns: number): string[] {
  const rows: string[] = [];
  let row: string[] = [];
  for (const character of line) {
    if (row.length > 0 && widthOf(row) + widthOf([character]) > columns) {
      const space = row.lastIndexOf(' ');
      const cut = row.slice(0, space + 1).some((one) => one !== ' ') ? space + 1 : row.length;
      rows.push(row.slice(0, cut).join('').trimEnd());
      row = row.slice(cut);
    }
    row.push(character);
  }
  rows.push(row.join(''));
  return rows;
}

const wide = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;

/** One row of at most so many columns, ending with '…' if it was cut. */
export function shorten(text: string, columns: number): string {
  const row = [...printable(text).replace(/\s+/g, ' ')];
  if (widthOf(row) <= columns) return row.join('');
  while (row.length > 0 && widthOf(row) > columns - 1) row.pop();
  return `${row.join('')}…`;
}

/** Columns that characters take in a terminal. */
function widthOf(characters: readonly string[]): number {
  return characters.reduce((sum, one) => sum + (wide.test(one) ? 2 : 1), 0);
}
