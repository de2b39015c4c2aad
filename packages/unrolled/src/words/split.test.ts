import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { splitWords } from './split.ts';

/** Of what the rule looks at, and of anything. */
const letters = [..."an3sté東.,:'’-@#_ \n👍()\u0301", 'http://', 'www.', "n't"];
const texts = fc.array(fc.constantFrom(...letters), { maxLength: 30 }).map((parts) => parts.join(''));

const cut = (text: string): string =>
  splitWords(text)
    .map((word) => word.text)
    .join(' ');

describe('cutting into words', () => {
  test.each([
    ['Ada Lovelace wrote to Babbage.', 'Ada Lovelace wrote to Babbage .'],
    ['"Hello," she said (twice)...', '" Hello , " she said ( twice ) ...'],
    ["It's the view I'm living for, don't you?", "It 's the view I 'm living for , do n't you ?"],
    ['l’homme aujourd’hui rock-n-roll AT&T w/o', 'l’homme aujourd’hui rock-n-roll AT&T w/o'],
    ['at 12:30 for $3.50, 1,000 in the U.S. today', 'at 12:30 for $ 3.50 , 1,000 in the U.S. today'],
    ['@paulwalk see http://bit.ly/a?b=1, #FF :) !!', '@paulwalk see http://bit.ly/a?b=1 , #FF :) !!'],
    ['mail ada@example.org.', 'mail ada@example.org .'],
    ['São Paulo, Москва, 東京', 'São Paulo , Москва , 東京'],
    ['e\u0301te\u0301 👍👍 ok', 'e\u0301te\u0301 👍👍 ok'],
    ['  \n\t ', ''],
  ])('%s', (text, expected) => expect(cut(text)).toBe(expected));

  test('loses only spaces, and gives the position of each word', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const words = splitWords(text);
        expect(words.map(({ start, end }) => text.slice(start, end))).toEqual(words.map((word) => word.text));
        expect(words.map((word) => word.text).join('')).toBe(text.replace(/\s/gu, ''));
      }),
    );
  });

  test.each(['a.', 'ab.', 'www.', "a'", '@', ':-', '-'])(
    'takes no longer than its length, of many times %s',
    (piece) => {
      expect(splitWords(piece.repeat(50_000)).length).toBeGreaterThan(0);
    },
  );
});
