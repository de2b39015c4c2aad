import { openDevice } from 'unrolled';
import { generateText, LanguageModel, tokenizerFor } from 'unrolled/tasks/language-model';
import { afterAll, expect, test } from 'vitest';
import type { WriteInput, WrittenToken } from '../protocol.ts';
import { readText } from './unrolling.ts';
import { write, writeTo } from './writing.ts';

const device = await openDevice('reference');
afterAll(() => device.close());
const text = 'hello, hollow world; '.repeat(6);
const tokenizer = tokenizerFor('char', text);
const config = { cell: 'gru', hidden: 6, layers: 2, embedding: 3, dropout: 0.3 };
const model = new LanguageModel(device, tokenizer, config, 7);
const input: WriteInput = { prompt: text, length: 40, temperature: 0.7, topK: 5, topP: 0.9, seed: 3 };
const textOf = (tokens: readonly WrittenToken[], given: boolean): string =>
  tokens
    .filter((token) => token.given === given)
    .map((token) => token.text)
    .join('');

const all = async (tokens: AsyncIterable<WrittenToken>): Promise<WrittenToken[]> => {
  const found: WrittenToken[] = [];
  for await (const token of tokens) found.push(token);
  return found;
};

test('writes what the library writes with these options, after the prompt', async () => {
  const tokens = await all(write(model, input));
  expect(textOf(tokens, true)).toBe(text);
  expect(textOf(tokens, false)).toBe(await generateText(model, input));
});

test('the surprise at each token of a prompt is its loss, however long the prompt is', async () => {
  const tokens = await all(write(model, { ...input, length: 0 }));
  const { losses } = (await readText(model, { text, truncation: 0, lossAt: null }, 0)).unrolling;
  expect(tokens[0].nats).toBeNull();
  for (let t = 1; t < tokens.length; t++) expect(tokens[t].nats).toBeCloseTo(losses[t - 1], 5);
});

test('what was expected is sorted, and a token that is among it has the chance that its surprise says', async () => {
  for (const { text, nats, expected } of await all(write(model, input))) {
    const chances = expected.map(({ probability }) => probability);
    expect(chances).toEqual(chances.toSorted((a, b) => b - a));
    const found = expected.find((one) => one.text === text);
    if (found && nats !== null) expect(found.probability).toBeCloseTo(Math.exp(-nats), 6);
  }
});

test('going on from another token than the one written is going on from the text with it', async () => {
  const tokens = await all(write(model, { ...input, prompt: 'hel', temperature: 0 }));
  const other = tokens[5].expected.at(-1)!.text;
  const prompt = `${tokens
    .slice(0, 5)
    .map(({ text }) => text)
    .join('')}${other}`;
  const again = await all(write(model, { ...input, prompt }));
  expect(again[5].text).toBe(other);
  expect(again[5].expected).toHaveLength(8);
});

test('ends on a signal, and names the characters it skipped', async () => {
  const [told, ended] = [[] as WrittenToken[], new AbortController()];
  const { leftOut } = await writeTo(
    model,
    { ...input, prompt: 'heßl', length: 100_000 },
    (tokens) => {
      told.push(...tokens);
      ended.abort();
    },
    ended.signal,
  );
  expect(leftOut).toEqual(["'ß' (U+00DF)"]);
  expect(told.length).toBeGreaterThan(3);
  expect(told.length).toBeLessThan(100_000);
});
