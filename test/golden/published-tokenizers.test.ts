import {
  createTokenizer,
  type TokenizerConfig,
  tokenizerFromHuggingFace,
  tokenizerFromLlama2c,
} from 'unrolled/tokenizers';
import { describe, expect, test } from 'vitest';
import { loadPublishedTokenizers } from './load.ts';

const golden = loadPublishedTokenizers();

const files: Record<string, readonly [TokenizerConfig, readonly { text: string; ids: number[]; decoded: string }[]]> = {
  "byte pairs as GPT-2's": [tokenizerFromHuggingFace(golden.byteLevel.file), golden.byteLevel.encodings],
  'byte pairs with single digits': [tokenizerFromHuggingFace(golden.digits.file), golden.digits.encodings],
  "pieces as Llama's": [tokenizerFromHuggingFace(golden.llama.file), golden.llama.encodings],
  "pieces as newer Llama's": [tokenizerFromHuggingFace(golden.llamaNew.file), golden.llamaNew.encodings],
  'pieces by scores': [
    tokenizerFromLlama2c(Uint8Array.from(atob(golden.scores.file), (byte) => byte.charCodeAt(0))),
    golden.scores.encodings,
  ],
  "word pieces as BERT's": [tokenizerFromHuggingFace(golden.bert.file), golden.bert.encodings],
  "word pieces as BERT's cased": [tokenizerFromHuggingFace(golden.bertCased.file), golden.bertCased.encodings],
};

describe.each(Object.entries(files))('%s', (_, [config, encodings]) => {
  const tokenizer = createTokenizer(JSON.parse(JSON.stringify(config)));

  test.each(encodings)('have the ids of $text', ({ text, ids, decoded }) => {
    expect([...tokenizer.encode(JSON.parse(text))]).toEqual(ids);
    expect(tokenizer.decode(ids)).toBe(JSON.parse(decoded));
    expect(ids.map(tokenizer.decoder()).join('')).toBe(JSON.parse(decoded));
  });
});

test.each(['byteLevel', 'llama', 'llamaNew', 'bert'] as const)('%s: what stands around a text', (name) => {
  const tokenizer = createTokenizer(tokenizerFromHuggingFace(golden[name].file));
  const { begin, ends } = tokenizer;
  const framed = [...(begin === null ? [] : [begin]), ...tokenizer.encode('the time'), ...ends];
  expect(framed).toEqual(golden[name].framed);
});
