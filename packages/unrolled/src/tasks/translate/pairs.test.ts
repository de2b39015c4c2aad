import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DataError } from '../../errors.ts';
import { tokenizerKinds } from '../../tokenizers/create.ts';
import { Side } from '../../tokenizers/side.ts';
import { pairLines, parsePairs } from './pairs.ts';

test('pairs are lines with a tab, or lines of two texts', () => {
  const pairs = [
    { source: 'a b', target: 'x' },
    { source: '', target: 'y ' },
  ];
  expect(parsePairs('\ufeffa b\tx\r\n\n\ty \tby someone\n')).toEqual(pairs);
  expect(pairLines('a b\n\n\n', 'x\ny \n\n')).toEqual(pairs);
  expect(parsePairs('')).toEqual([]);
});

test('errors name the line', () => {
  expect(() => parsePairs('a\tb\nno tab here\n', 'x.tsv')).toThrow(DataError);
  expect(() => parsePairs('a\tb\nno tab here\n', 'x.tsv')).toThrow(
    "x.tsv, line 2: no tab between source and target; received 'no tab here'",
  );
  expect(() => pairLines('a\nb', 'x', ['a.txt', 'b.txt'])).toThrow('a.txt has 2 lines and b.txt 1');
});

test.each(tokenizerKinds)('a text of known %s comes back as it was, and ends', (tokens) => {
  // Words seen once are unknown.
  const known = ['the cat, the dog', 'a dog  and   the cat', ' spaces and spaces ', ''];
  const side = Side.for([...known, ...known], { tokens, ...(tokens === 'bpe' ? { vocabulary: 300 } : {}) });
  for (const text of known) {
    const { ids, leftOut } = side.encode(text);
    expect(ids.at(-1)).toBe(side.end);
    expect(Math.max(...ids)).toBeLessThan(side.size);
    expect(side.decode(ids)).toBe(text);
    expect(side.names(ids)).toHaveLength(ids.length);
    expect(leftOut).toEqual([]);
  }
  expect(side.start).toBe(side.size);
});

test('a word is the same token at the start of a text as elsewhere', () => {
  const side = Side.for(['K AE T', 'T AE K', 'K AE'], { tokens: 'word' });
  const [first, , third] = side.encode('K AE T').ids;
  expect(side.encode('T AE K').ids).toEqual([third, side.encode('AE AE').ids[0], first, side.end]);
});

test('byte pairs take any text', () => {
  const side = Side.for(['any'], { tokens: 'bpe', vocabulary: 256 });
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => side.decode(side.encode(text).ids) === text));
});
