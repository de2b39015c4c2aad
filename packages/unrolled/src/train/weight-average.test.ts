import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import type { Context } from '../nn/layer.ts';
import { Declarations, type Parameter, Parameters } from '../nn/parameters.ts';
import { createDevice } from '../ops/create-device.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { TrainOptions } from './options.ts';
import { SupervisedTraining } from './supervised.ts';
import { train } from './train.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));

/** One weight that is drawn to the examples, and a buffer that counts the steps. */
class Model {
  readonly parameters: Parameters;
  readonly #weight: Parameter;
  readonly #steps: Parameter;

  constructor() {
    const declarations = new Declarations();
    this.#weight = declarations.declare('weight', [2], { kind: 'constant', value: 1 });
    this.#steps = declarations.buffer('steps', [1]);
    this.parameters = new Parameters(device, declarations.declared, 1);
  }

  describe = () => ({});

  loss(examples: readonly number[], context: Context) {
    if (context.training) this.#steps.assign(this.#steps.value.add(1));
    return this.#weight.value
      .sub(device.tensor([examples[0], -examples[0]]))
      .square()
      .sum();
  }

  get numbers(): number[] {
    return ['weight', 'steps'].flatMap((name) => [...this.parameters.get(name).data()]);
  }
}

/** Trains; and what was seen: the weights after each step, and at each validation. */
async function trained(options: Partial<TrainOptions>) {
  const model = new Model();
  const [validated, sampled]: number[][][] = [[], []];
  const task = new SupervisedTraining(model, [3, -1, 2, 5, 0], {
    ...{ batch: 1, seed: 1, validation: [1] },
    async validate() {
      validated.push(model.numbers);
      return { loss: model.numbers[0] ** 2 };
    },
    sample() {
      sampled.push(model.numbers);
      return '';
    },
  });
  const raw: number[][] = [];
  const saved: Checkpoint[] = [];
  const common = { optimizer: { method: 'adam' }, learningRate: 0.3, validateEvery: 2, sampleEvery: 2 } as const;
  for await (const event of train(task, { ...common, progressEvery: 1, ...options })) {
    if (event.type === 'progress') raw.push(model.numbers);
    if (event.type === 'checkpoint') saved.push(event.checkpoint);
  }
  return { model, raw, validated, sampled, saved, last: saved.at(-1)! };
}

const close = (actual: readonly number[], expected: readonly number[]): void => {
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 12);
};

describe('the average of weights', () => {
  test('follows its formula, buffers too; it is validated, sampled from, saved and left in the model', async () => {
    const { model, raw, validated, sampled, last } = await trained({ steps: 6, emaDecay: 0.4 });
    const averages: number[][] = [];
    let average = [1, 1, 0];
    for (const [t, weights] of raw.entries()) {
      // The weights go on from where they were: the average is no part of their updates.
      const d = Math.min(0.4, (2 + t) / (11 + t));
      average = average.map((a, i) => a + (1 - d) * (weights[i] - a));
      averages.push(average);
    }
    expect(raw.map((numbers) => numbers[2])).toEqual([1, 2, 3, 4, 5, 6]);
    [1, 3, 5].forEach((step, i) => {
      close(validated[i], averages[step]);
      close(sampled[i], averages[step]);
    });
    close(model.numbers, averages[5]);
    close([...last.parameters.weight.data, ...last.parameters.steps.data], averages[5]);
    close([...last.optimizer.weights.data, ...last.optimizer['weights.steps'].data], raw[5]);
  });

  test('leaves the trained weights as they would be without it', async () => {
    const [with_, without] = [await trained({ steps: 5, emaDecay: 0.9 }), await trained({ steps: 5 })];
    expect(with_.raw).toEqual(without.raw);
  });

  test('resumes to the same bits from any step', async () => {
    const options = { steps: 5, emaDecay: 0.7, warmUp: 0.3, schedule: 'cosine' } as const;
    const whole = await trained({ ...options, checkpointEvery: 1 });
    for (const resume of whole.saved.slice(0, -1)) {
      const { last } = await trained({ ...options, resume });
      expect({ ...last, trainer: { ...last.trainer, secondsElapsed: 0 } }).toEqual({
        ...whole.last,
        trainer: { ...whole.last.trainer, secondsElapsed: 0 },
      });
    }
  });

  test('cannot begin or end within a run', async () => {
    const [with_, without] = [await trained({ steps: 2, emaDecay: 0.9 }), await trained({ steps: 2 })];
    await expect(trained({ steps: 4, resume: with_.last })).rejects.toThrow('give its emaDecay');
    await expect(trained({ steps: 4, emaDecay: 0.9, resume: without.last })).rejects.toThrow('leave emaDecay out');
  });
});
