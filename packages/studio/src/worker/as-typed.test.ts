import { openDevice } from 'unrolled';
import { LanguageModel, tokenizerFor } from 'unrolled/tasks/language-model';
import { afterAll, expect, test } from 'vitest';
import { tokensAsTyped } from './as-typed.ts';
import { searchUnits, spanOf } from './units.ts';
import { readText } from './unrolling.ts';
import { write } from './writing.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());
const text = 'the cat sees the dog and the dog sees the cat . '.repeat(30);
const tokenizer = tokenizerFor('word', text);
const model = new LanguageModel(device, tokenizer, { cell: 'gru', hidden: 6, layers: 1, embedding: 4, dropout: 0 }, 1);
const typed = 'the walrus sees the cat';

test.each(['char', 'word', 'bpe'] as const)(
  'the pieces of a text are as many as its tokens, and join to the text: %s',
  (kind) => {
    const tokens = tokenizerFor(kind, text);
    const pieces = tokensAsTyped(tokens, text);
    expect(pieces.join('')).toBe(text);
    expect(pieces).toHaveLength(tokens.encode(text).length);
  },
);

test('a word the model does not know is shown as it was typed, wherever a text is read', async () => {
  expect((await readText(model, { text: typed, truncation: 0, lossAt: null }, 0)).unrolling.tokens).toEqual([
    'the',
    ' walrus',
    ' sees',
    ' the',
    ' cat',
  ]);
  const written = write(model, { prompt: typed, length: 1, temperature: 1, topK: 0, topP: 1, seed: 1 });
  let shown = '';
  for await (const token of written) if (token.given) shown += token.text;
  expect(shown).toBe(typed);
  const long = `${text}the walrus sees the dog . ${text}`;
  const context = { signal: new AbortController().signal, tell: () => {}, before: null };
  const input = { text: long, property: 'word-length', most: null, span: 20 };
  const { searched } = await searchUnits(model, input, 0, context);
  const from = tokensAsTyped(tokenizer, text).length - 3;
  expect((await spanOf(searched, { from, length: 8 })).pieces).toContain(' walrus');
});
