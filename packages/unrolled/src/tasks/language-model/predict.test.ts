import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { tokenizerFor } from '../../tokenizers/create.ts';
import { generateText } from './generate.ts';
import { LanguageModel } from './model.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());
const tokenizer = tokenizerFor('char', 'abcde\n');
const model = new LanguageModel(
  device,
  tokenizer,
  { cell: 'lstm', hidden: 11, layers: 2, embedding: 5, dropout: 0.3 },
  3,
);
const texts = ['a', 'bcd', '', 'abcde'.repeat(80)];

describe('predict', () => {
  test('gives the softmax of what the model says after each text, the likeliest first', async () => {
    const found = await model.predict(texts, { top: 6 });
    for (const [i, text] of texts.entries()) {
      const ids = text === '' ? tokenizer.encode('\n') : tokenizer.encode(text);
      const { logits } = model.apply(device.ids(ids, [ids.length, 1]));
      const probabilities = Array.from(logits.at(-1).logSoftmax().data(), Math.exp);
      expect(found[i].map(({ token }) => token).toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
      expect(found[i].map(({ probability }) => probability)).toEqual(
        found[i].map(({ probability }) => probability).toSorted((a, b) => b - a),
      );
      for (const { token, text: shown, probability } of found[i]) {
        expect(probability).toBeCloseTo(probabilities[token], 6);
        expect(shown).toBe(tokenizer.decode([token]));
      }
    }
  });

  test('gives the same however texts are batched, and as many as asked for', async () => {
    const together = await model.predict(texts, { top: 2 });
    expect(together.map(({ length }) => length)).toEqual([2, 2, 2, 2]);
    expect(await model.predict(texts, { top: 2, batch: 3 })).toEqual(together);
    expect(await model.predict([], {})).toEqual([]);
    for (const [i, text] of texts.entries()) expect(await model.predict([text], { top: 2 })).toEqual([together[i]]);
  });

  test('has first what generation at temperature 0 writes', async () => {
    for (const prompt of texts) {
      const [[{ text }]] = await model.predict([prompt]);
      expect(await generateText(model, { prompt, length: 1, temperature: 0 })).toBe(text);
    }
  });

  test('refuses what it cannot read', async () => {
    await expect(model.predict(['Ω'])).rejects.toThrow(DataError);
    await expect(model.predict(['a'], { top: 0 })).rejects.toThrow(ConfigError);
    await expect(model.predict(['a'], { most: 3 } as never)).rejects.toThrow("unknown option 'most'");
  });
});
