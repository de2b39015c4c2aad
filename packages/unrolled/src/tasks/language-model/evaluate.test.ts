import { beforeAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../index.ts';
import type { Device } from '../../tensor/device.ts';
import { tokenizerFor } from '../../tokenizers/create.ts';
import { train } from '../../train/train.ts';
import { evaluateLanguageModel } from './evaluate.ts';
import { LanguageModel } from './model.ts';
import { languageModelTraining } from './training.ts';

/** What comes next depends on a name that came up long before. */
const text = Array.from({ length: 260 }, (_, i) => {
  const name = ['ann', 'bob', 'cid'][(i * i + (i >> 2)) % 3];
  return `${name} ${'said '.repeat(1 + (i % 4))}that ${name.toUpperCase()}.`;
}).join('\n');
const tokenizer = tokenizerFor('char', text);
const tokens = tokenizer.encode(text);
let device: Device;

beforeAll(async () => {
  device = await openDevice('wasm', { threads: 1 });
});

async function trained(cell: 'lstm' | 'gru' | 'rnn'): Promise<LanguageModel> {
  const model = new LanguageModel(device, tokenizer, { cell, hidden: 24, layers: 2, embedding: 12, dropout: 0 }, 3);
  const task = languageModelTraining(model, tokens, { batch: 8, steps: 40, seed: 5 });
  const options = { optimizer: { method: 'adam' }, learningRate: 0.01, clipNorm: 1, steps: 250 } as const;
  for await (const _ of train(task, { ...options, validateEvery: 0, sampleEvery: 0, checkpointEvery: 0 }));
  return model;
}

describe('evaluation', () => {
  test.each(['lstm', 'gru', 'rnn'] as const)(
    'in parallel segments agrees with one reading of the text: %s',
    async (cell) => {
      const model = await trained(cell);
      const { loss: whole } = await evaluateLanguageModel(model, tokens, { batch: 1 });
      for (const batch of [undefined, 3, 17]) {
        const found = await evaluateLanguageModel(model, tokens, { batch });
        expect(Math.abs(found.loss - whole), `batch ${batch}`).toBeLessThan(1e-4);
        expect(found.tokens).toBe(tokens.length - 1);
      }
      // From zero states it does not.
      const parts = Array.from({ length: 17 }, (_, i) =>
        tokens.subarray(Math.floor((i * tokens.length) / 17), Math.floor(((i + 1) * tokens.length) / 17)),
      );
      let sum = 0;
      for (const part of parts) sum += (await evaluateLanguageModel(model, part, { batch: 1 })).loss / parts.length;
      expect(sum - whole).toBeGreaterThan(1e-3);
    },
  );

  test('of segments that the text does not fill, down to two tokens', async () => {
    const model = new LanguageModel(device, tokenizer, {
      cell: 'lstm',
      hidden: 5,
      layers: 1,
      embedding: 3,
      dropout: 0,
    });
    for (const length of [2, 3, 10, 11]) {
      const part = tokens.subarray(0, length);
      const { loss } = await evaluateLanguageModel(model, part, { batch: 1 });
      for (const batch of [2, 7]) {
        expect((await evaluateLanguageModel(model, part, { batch })).loss).toBeCloseTo(loss, 1);
      }
    }
  });
});
