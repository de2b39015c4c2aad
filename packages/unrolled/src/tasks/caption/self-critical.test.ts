import { afterAll, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { captionScores } from '../../metrics/captions.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Activation, Conv2d, GlobalAveragePool } from '../../nn/vision/index.ts';
import { Random } from '../../random.ts';
import type { Checkpoint } from '../../train/checkpoint.ts';
import type { TrainEvent } from '../../train/events.ts';
import type { TrainOptions } from '../../train/options.ts';
import { train } from '../../train/train.ts';
import { Captioner, captionFeatures, captionTraining, captionVocabulary, selfCriticalTraining } from './index.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const layers = new Sequential({
  conv: new Conv2d({ channels: 5, kernel: 3, stride: 2, padding: 1 }),
  relu: new Activation({ kind: 'relu' }),
  pool: new GlobalAveragePool(),
});
const preprocessing = { size: [4, 6], crop: 'none', mean: [0.5], std: [0.5] } as const;
/** Each image has two captions that agree and one that does not, which the likelihood wants as well. */
const captions = [
  ['a bright field under the sun', 'a bright field in the sun', 'it is a cold night'],
  ['a dark street without any light', 'a dark street with little light', 'they run on grass'],
  ['two dogs run on green grass', 'two dogs run over the grass', 'it is in the sun'],
];
const random = new Random(1);
const features = captions.map(() => Float32Array.from({ length: 6 * 5 }, () => random.uniform()));

const captioner = (): Captioner =>
  new Captioner(device, {
    config: { cell: 'lstm', layers: 1, dropout: 0, hidden: 12, embedding: 8 },
    backbone: { config: layers.config, preprocessing },
    vocabulary: captionVocabulary(captions.flat(), { minCount: 1 }),
  });

async function run(
  task: Parameters<typeof train>[0],
  learningRate: number,
  more: Partial<TrainOptions>,
): Promise<Checkpoint> {
  const events: TrainEvent[] = [];
  const options: TrainOptions = { optimizer: { method: 'adam' }, learningRate, clipNorm: 5, ...more };
  for await (const event of train(task, options)) events.push(event);
  return events.findLast((event) => event.type === 'checkpoint')!.checkpoint;
}

/** The mean CIDEr-D of captions that are drawn. */
async function reward(model: Captioner): Promise<number> {
  const many = Array.from({ length: 150 }, (_, i) => i % 3);
  const written = await captionFeatures(
    model,
    many.map((i) => features[i]),
    { temperature: 0.7 },
  );
  return captionScores(
    written.map(({ text }) => text),
    many.map((i) => captions[i]),
  ).ciderD;
}

test('captions that are drawn score more afterwards, and a resumed run ends with the same bits', async () => {
  const model = captioner();
  await run(captionTraining(model, { features, captions }, { batch: 3, seed: 1 }), 0.02, { steps: 6 });
  const before = await reward(model);
  const learned = await model.parameters.save();
  const data = { features, captions };
  const again = () => {
    model.parameters.load(learned);
    return selfCriticalTraining(model, data, { batch: 3, seed: 2, validation: data, samples: 16 });
  };
  const half = await run(again(), 0.005, { steps: 30 });
  const whole = await run(again(), 0.005, { steps: 60 });
  expect(await reward(model)).toBeGreaterThan(before + 6);
  const resumed = await run(again(), 0.005, { steps: 60, resume: half });
  expect(resumed.parameters).toEqual(whole.parameters);
});

test('a step makes each caption likelier by how much better it is than the others about the image', async () => {
  const model = captioner();
  const task = selfCriticalTraining(model, { features, captions }, { batch: 3, seed: 1, samples: 4 });
  const { examples } = await task.nextBatch();
  for (const { written } of examples) {
    expect(written).toHaveLength(4);
    expect(written!.reduce((sum, { advantage }) => sum + advantage, 0)).toBeCloseTo(0, 5);
    for (const { ids } of written!) expect(ids).not.toContain(model.words.tokenizer.unknown);
  }
  const data = { features, captions };
  expect(() => selfCriticalTraining(model, data, { batch: 3, seed: 1, samples: 1 })).toThrow('from 2');
});
