import { openDevice } from 'unrolled';
import { DrawModel } from 'unrolled/tasks/draw';
import { GlimpseModel } from 'unrolled/tasks/glimpse';
import { gameVocabulary, TargetSelector } from 'unrolled/tasks/target-selection';
import { decodeModel, encodeModel, storeModel } from 'unrolled/train';
import { afterAll, expect, test } from 'vitest';
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
    null,
  ],
  ['target-selection', new TargetSelector(device, gameVocabulary([game], 1), sizes), game, 'gru'],
])('a model of %s opens, says what it is, and answers', async (task, model, input, cell) => {
  const opened = await openTaskModel(decodeModel(encodeModel(await storeModel(model))));
  expect(opened.about).toMatchObject({ task, cell, parameters: model.parameters.size });
  expect((await askModel(opened, { task, input, options: {}, explain: null })).answer).toBeTypeOf('object');
  opened.device.close();
});
