import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { createDevice } from '../../ops/create-device.ts';
import { crossEntropy } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import { tokenizerFor } from '../../tokenizers/create.ts';
import { type Checkpoint, encodeCheckpoint } from '../../train/checkpoint.ts';
import { train } from '../../train/train.ts';
import type { RecurrentLanguageModelConfig } from './config.ts';
import { evaluateLanguageModel } from './evaluate.ts';
import { LanguageModel } from './model.ts';
import { languageModelTraining } from './training.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));
const words = 'she sells sea shells by the wide grey shore of that cold sea'.split(' ');
const text = `${words.join(' ')} `.repeat(30);
const tokenizer = tokenizerFor('word', text);
const tokens = tokenizer.encode(text);
const config: RecurrentLanguageModelConfig = { cell: 'lstm', hidden: 10, layers: 1, embedding: 6, dropout: 0 };

const newModel = (more: Partial<RecurrentLanguageModelConfig>) =>
  new LanguageModel(device, tokenizer, { ...config, ...more }, 3);

async function learn(model: LanguageModel): Promise<{ losses: number[]; checkpoint: Checkpoint }> {
  const task = languageModelTraining(model, tokens, { batch: 4, steps: 10, seed: 5, sampleLength: 5 });
  const options = { optimizer: { method: 'adam' }, learningRate: 0.03, steps: 60, progressEvery: 20 } as const;
  const losses: number[] = [];
  let checkpoint: Checkpoint | null = null;
  for await (const event of train(task, options)) {
    if (event.type === 'progress') losses.push(event.loss);
    if (event.type === 'checkpoint') checkpoint = event.checkpoint;
  }
  return { losses, checkpoint: checkpoint! };
}

describe('an adaptive softmax', () => {
  test('gives every word the probability that its loss says, and all together 1', () => {
    const model = newModel({ adaptive: [2, 5] });
    const [ids, next] = [device.ids([1, 2, 3, 4, 0, 5], [3, 2]), device.ids([2, 8, 1, 6, -1, 0], [3, 2])];
    const { logits } = model.apply(ids);
    const { losses } = model.losses(ids, next);
    const expected = crossEntropy(logits, next).data();
    for (const [i, loss] of losses.data().entries()) expect(loss).toBeCloseTo(expected[i], 12);
    expect(losses.data()[4]).toBe(0);
    const { size } = tokenizer;
    const totals = logits.exp().sum({ axes: -1 }).data();
    for (const total of totals) expect(total).toBeCloseTo(1, 12);
    expect(logits.shape).toEqual([3, 2, size]);
  });

  test('learns, evaluates and comes back from its checkpoint', async () => {
    const model = newModel({ adaptive: [2, 5] });
    const { losses, checkpoint } = await learn(model);
    expect(losses.at(-1)).toBeLessThan(0.6 * losses[0]);
    expect(model.parameters.names).toContain('output.tail.1.0.weight');
    const loaded = LanguageModel.load(device, encodeCheckpoint(checkpoint));
    expect(await evaluateLanguageModel(loaded, tokens)).toEqual(await evaluateLanguageModel(model, tokens));
  });

  test('and tied weights do not go together', () => {
    expect(() => newModel({ adaptive: [2], tied: true })).toThrow('tied and adaptive');
    expect(() => newModel({ adaptive: [5, 2] })).toThrow('cutoffs must be whole numbers that rise');
  });
});

describe('dropout on the recurrence', () => {
  test('learns, and drops nothing when the model is used', async () => {
    const model = newModel({ recurrentDropout: 0.3 });
    const ids = device.ids(tokens.subarray(0, 8), [8, 1]);
    expect([...model.apply(ids).logits.data()]).toEqual([...newModel({}).apply(ids).logits.data()]);
    const drawn = [1, 2].map((seed) => [
      ...model.apply(ids, { training: true, random: new Random(seed) }).logits.data(),
    ]);
    expect(drawn[0]).not.toEqual(drawn[1]);
    const { losses } = await learn(model);
    expect(losses.at(-1)).toBeLessThan(0.6 * losses[0]);
  });

  test('has the same gradients where gates are computed again', () => {
    const gradients = [false, true].map((recompute) => {
      const model = newModel({ recurrentDropout: 0.3, recompute });
      const [ids, next] = [device.ids(tokens.subarray(0, 9), [9, 1]), device.ids(tokens.subarray(1, 10), [9, 1])];
      model.parameters.backward(model.losses(ids, next, { training: true, random: new Random(4) }).losses.mean());
      return [...model.parameters.gradients.data()];
    });
    for (const [i, value] of gradients[1].entries()) expect(value).toBeCloseTo(gradients[0][i], 12);
  });
});
