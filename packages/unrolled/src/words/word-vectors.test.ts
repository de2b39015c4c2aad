import { describe, expect, test } from 'vitest';
import { readWordVectors } from './word-vectors.ts';

const file = 'the 0.5 -1\nAda 2 3e-1\n. . 4 5\nthe 9 9\nof 6 7\n';

describe('word vectors', () => {
  test('are read from pieces of any length', async () => {
    const whole = await readWordVectors([file]);
    expect(whole.words).toEqual(['the', 'Ada', '. .', 'of']);
    expect(whole.size).toBe(2);
    expect([...whole.values]).toEqual([0.5, -1, 2, 0.3, 4, 5, 6, 7].map(Math.fround));
    for (const length of [1, 3, 7]) {
      const pieces = Array.from({ length: Math.ceil(file.length / length) }, (_, i) => file.substr(i * length, length));
      expect(await readWordVectors(pieces)).toEqual(whole);
    }
    expect(await readWordVectors([file.trimEnd()]), 'without a line break at the end').toEqual(whole);
    expect(await readWordVectors([`5 2\n${file}`]), 'with the sizes of word2vec').toEqual(whole);
    expect(await readWordVectors([file.replaceAll('\n', ' \r\n')]), 'with spaces at the end').toEqual(whole);
  });

  test('are kept of all wanted words, and of the first others', async () => {
    const { words, values } = await readWordVectors([file], { wanted: new Set(['of', 'never']), others: 1 });
    expect(words).toEqual(['the', 'of']);
    expect([...values]).toEqual([0.5, -1, 6, 7]);
  });

  test.each([
    ['a number too few', 'a 1 2\nb 1\n', 'glove.txt: line 2 has 1 numbers, the first line has 2'],
    ['a number that is none', 'a 1 2\n\nb 1 x\n', "glove.txt: line 3 has 'x' where a number is expected"],
    ['a number too many', 'a 1 2\nb 1 2 x\n', "glove.txt: line 2 has 'x'"],
    ['a number that is not finite', 'a 1 NaN\n', "line 1 has 'NaN'"],
    ['a word alone', 'a\n', 'line 1 has 0 numbers'],
    ['nothing', '\n', 'there is no vector in it'],
  ])('with %s are refused', async (_, text, message) => {
    await expect(readWordVectors([text], { name: 'glove.txt' })).rejects.toThrow(message);
  });
});
