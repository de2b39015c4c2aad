import { openDevice } from 'unrolled';
import { DrawModel } from 'unrolled/tasks/draw';
import { GlimpseModel } from 'unrolled/tasks/glimpse';
import { type GeneratedText, LanguageModel, type TextAttention, tokenizerFor } from 'unrolled/tasks/language-model';
import { gameVocabulary, TargetSelector } from 'unrolled/tasks/target-selection';
import { decodeModel, encodeModel, storeModel } from 'unrolled/train';
import { afterAll, expect, test } from 'vitest';
import { Desk } from './desk.ts';
import { askModel, openTaskModel } from './task-model.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const size = { height: 6, width: 6, glimpses: 2, hidden: 3 };
const image = { width: 6, height: 6, channels: 1 as const, data: new Uint8Array(36).fill(90) };
const game = {
  dots: [
    { x: 0, y: 0.5, size: 1, colour: -1 },
    { x: 0.3, y: -0.5, size: 0, colour: 1 },
  ],
  utterances: [{ speaker: 'you', text: 'the dark one' }],
} as const;
const sizes = { cell: 'gru', hidden: 4, layers: 1, embedding: 3, dropout: 0 } as const;

test.each([
  ['draw', new DrawModel(device, { ...size, latent: 2 }), { seed: 1 }, null],
  [
    'glimpse',
    new GlimpseModel(device, { config: { ...size, reader: 'reinforce', patch: 2, scales: 1 }, labels: ['1', '7'] }),
    image,
    'irnn',
  ],
  ['target-selection', new TargetSelector(device, gameVocabulary([game], 1), sizes), game, 'gru'],
])('a model of %s opens, says what it is, and answers', async (task, model, input, cell) => {
  const opened = await openTaskModel(decodeModel(encodeModel(await storeModel(model))));
  expect(opened.about).toMatchObject({ task, cell, parameters: model.parameters.size });
  expect((await askModel(opened, { task, input, options: {}, explain: null })).answer).toBeTypeOf('object');
  opened.device.close();
});

test('a Transformer opens as a language model, goes on and shows where its heads look', async () => {
  const sequence = { layer: 'transformer', layers: 2, heads: 2, context: 16 };
  const tokenizer = tokenizerFor('char', 'abcdefgh');
  const model = new LanguageModel(device, tokenizer, { sequence, embedding: 8, dropout: 0 });
  const desk = new Desk(() => {});
  const about = await desk.load(encodeModel(await storeModel(model)));
  expect(about).toMatchObject({ task: 'language-model', layer: 'transformer', cell: null, layers: 2 });
  const input = { task: 'language-model', input: 'abcd', options: { length: 3, temperature: 0 }, explain: { last: 3 } };
  const { answer, explanation } = await askModel(await desk.taskModel('language-model'), input);
  expect((answer as GeneratedText).text).toHaveLength(3);
  const { tokens, blocks } = explanation as TextAttention;
  expect(tokens).toEqual(['b', 'c', 'd']);
  expect(blocks.map((heads) => heads.length)).toEqual([2, 2]);
});
