import { expect, test } from 'vitest';
import { wasmBackend } from '../../backend/wasm/wasm-backend.ts';
import { ConfigError } from '../../errors.ts';
import { inference, type StackState } from '../../nn/index.ts';
import { createDevice } from '../../ops/create-device.ts';
import { tokenizerFor } from '../../tokenizers/create.ts';
import { attentionOf } from './attention.ts';
import { LanguageModel } from './model.ts';

const device = createDevice(await wasmBackend({ threads: 1 }));
const text = 'she sells sea shells by the sea shore. ';
const tokenizer = tokenizerFor('char', text);
const sequence = { layer: 'transformer', layers: 2, heads: 4, context: 64 };
const model = new LanguageModel(device, tokenizer, { sequence, embedding: 16, dropout: 0.1, tied: true }, 3);

test('generation from the cache says what the whole pass says', () => {
  const ids = tokenizer.encode(text);
  const whole = model.apply(device.ids(ids, [ids.length, 1])).logits.data();
  let state: StackState | null = null;
  ids.forEach((id, t) => {
    const step = model.apply(device.ids([id], [1, 1]), inference, { state });
    state = step.state;
    step.logits.data().forEach((logit, v) => {
      expect(Math.abs(logit - whole[t * tokenizer.size + v])).toBeLessThan(1e-5);
    });
  });
});

test('the attention of every head over a text can be looked at', async () => {
  const { tokens, blocks } = await attentionOf(model, 'she sells');
  expect(tokens.join('')).toBe('she sells');
  expect(blocks.map((heads) => heads.length)).toEqual([4, 4]);
  for (const rows of blocks.flat()) {
    rows.forEach((row, t) => {
      expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
      expect(row.slice(t + 1).every((weight) => weight === 0)).toBe(true);
    });
  }
  await expect(attentionOf(model, '')).rejects.toThrow('give from 1 to 64, the context of the model');
  const lstm = new LanguageModel(device, tokenizer, { cell: 'lstm', hidden: 4, layers: 1, embedding: 4, dropout: 0 });
  await expect(attentionOf(lstm, 'she')).rejects.toThrow(ConfigError);
});
