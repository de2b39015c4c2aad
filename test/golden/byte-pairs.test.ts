import { createTokenizer, tokenizerFor } from 'unrolled/tokenizers';
import { expect, test } from 'vitest';
import { loadBytePairs } from './load.ts';

const golden = loadBytePairs();

test("byte pairs learnt on a text are those of Hugging Face's tokenizers", () => {
  expect(tokenizerFor('bpe', golden.text, golden.size).config).toEqual({
    kind: 'bpe',
    vocabulary: JSON.parse(golden.vocabulary),
    merges: JSON.parse(golden.merges),
  });
});

test.each(golden.encodings)('the ids of $text are, too', ({ text, ids }) => {
  const [vocabulary, merges] = [JSON.parse(golden.vocabulary), JSON.parse(golden.merges)];
  expect([...createTokenizer({ kind: 'bpe', vocabulary, merges }).encode(text)]).toEqual(ids);
});
