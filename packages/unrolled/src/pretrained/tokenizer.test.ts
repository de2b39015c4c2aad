import { expect, test } from 'vitest';
import { byteAlphabet } from '../tokenizers/bytes.ts';
import { createTokenizer } from '../tokenizers/create.ts';
import type { ModelFolder } from './folder.ts';
import { tokenizerIn } from './tokenizer.ts';

const folderOf = (files: Readonly<Record<string, unknown>>): ModelFolder => ({
  names: Object.keys(files),
  read: (name) => new TextEncoder().encode(typeof files[name] === 'string' ? files[name] : JSON.stringify(files[name])),
});

const vocabulary = Object.fromEntries([...byteAlphabet, 'ab', '<|endoftext|>'].map((token, id) => [token, id]));
const gpt2 = { 'encoder.json': vocabulary, 'vocab.bpe': '#version: 0.2\na b\n' };

test("GPT-2's files are read under either of their names", () => {
  const first = tokenizerIn(folderOf(gpt2), {}, 258);
  const second = tokenizerIn(folderOf({ 'vocab.json': vocabulary, 'merges.txt': 'a b' }), {}, 258);
  expect(second).toEqual(first);
  expect([...createTokenizer(first).encode('ab<|endoftext|>')]).toEqual([256, 257]);
  expect(first).toMatchObject({ special: ['<|endoftext|>'], ends: [257] });
});

test('a model with more tokens than the tokenizer has empty ones, and with fewer it is another one', () => {
  const { vocabulary: tokens } = tokenizerIn(folderOf(gpt2), {}, 260);
  expect(tokens.slice(256)).toEqual(['ab', '<|endoftext|>', '', '']);
  expect(() => tokenizerIn(folderOf(gpt2), {}, 257)).toThrow('it has 258 tokens, and the model 257');
});

test('what begins and ends a text is also said by the configurations', () => {
  const more = {
    'generation_config.json': { eos_token_id: [5, 6, 999] },
    'tokenizer_config.json': { add_bos_token: true },
  };
  const config = tokenizerIn(folderOf({ ...gpt2, ...more }), { bos_token_id: 4, eos_token_id: 6 }, 258);
  expect(config).toMatchObject({ begin: 4, ends: [257, 5, 6] });
});

test("BERT's vocab.txt comes with the options of its tokenizer", () => {
  const words = '[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nA\na\né\n';
  const cased = tokenizerIn(folderOf({ 'vocab.txt': words, 'tokenizer_config.json': { do_lower_case: false } }), {}, 8);
  expect([...createTokenizer(cased).encode('A a é [MASK]')]).toEqual([5, 6, 7, 4]);
  const uncased = tokenizerIn(folderOf({ 'vocab.txt': words }), {}, 8);
  expect([...createTokenizer(uncased).encode('A É x')]).toEqual([6, 1, 1]);
  expect(uncased).toMatchObject({ begin: 2, ends: [3] });
});
