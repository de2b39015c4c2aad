import { afterAll, describe, expect, test } from 'vitest';
import { gradients } from '../../autodiff/gradients.ts';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError } from '../../errors.ts';
import type { Image } from '../../images/index.ts';
import { Random } from '../../random.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../train/checkpoint.ts';
import { encodeModel, storeModel } from '../../train/stored-model.ts';
import { train } from '../../train/train.ts';
import { augmentClip, mirroredJoints } from './augmentation.ts';
import { type Clip, lengthOf } from './clip.ts';
import type { FrameInput, Reading } from './config.ts';
import { frameNetwork } from './frame-network.ts';
import {
  FrameLabeller,
  frameLabellerTraining,
  type LabelledClip,
  makeOrderPairs,
  makeVideos,
  readings,
  VideoClassifier,
  videoTraining,
} from './index.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const sizes = { cell: 'lstm', hidden: 6, layers: 2, dropout: 0 } as const;
const random = new Random(5);
const rowsOf = (T: number, F = 3): Clip => ({
  features: Array.from({ length: T }, () => Float32Array.from({ length: F }, () => random.normal())),
});
const picture = (): Image => ({
  ...{ width: 9, height: 7, channels: 3 },
  data: Uint8Array.from({ length: 189 }, () => random.below(256)),
});
const framesOf = (T: number): Clip => ({ frames: Array.from({ length: T }, picture) });
const seen: FrameInput = {
  kind: 'frames',
  network: frameNetwork({ features: 5, channels: 2 }),
  preprocessing: { size: [7, 9], mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
};
const inputs: Readonly<Record<string, readonly [FrameInput, (T: number) => Clip]>> = {
  features: [{ kind: 'features', features: 3 }, rowsOf],
  frames: [seen, framesOf],
  'frames of a frozen network': [{ ...seen, frozen: true }, framesOf],
};

const modelOf = (input: FrameInput, reading: Reading, differences = false, more: object = {}): VideoClassifier =>
  new VideoClassifier(
    device,
    { config: { ...sizes, input, reading, differences, ...more }, labels: ['a', 'b', 'c'] },
    3,
  );
const part = (clip: Clip, from: number, to: number): Clip =>
  'frames' in clip ? { frames: clip.frames.slice(from, to) } : { features: clip.features.slice(from, to) };

describe.each(Object.entries(inputs))('a stream of %s', (_, [input, clipOf]) => {
  test.each(readings.flatMap((reading) => [false, true].map((differences) => [reading, differences] as const)))(
    'fed frame by frame gives the bits of the clip at once: %s, differences %s',
    async (reading, differences) => {
      const model = modelOf(input, reading, differences);
      const clip = clipOf(7);
      const stream = model.stream();
      const other = model.stream();
      for (let t = 0; t < 7; t++) {
        const answer = await stream.push(part(clip, t, t + 1));
        // Another stream of the same model does not disturb it.
        await other.push(clipOf(1));
        expect(answer).toEqual((await model.predict([part(clip, 0, t + 1)]))[0]);
      }
      const inParts = model.stream();
      await inParts.push(part(clip, 0, 3));
      expect(await inParts.push(part(clip, 3, 7))).toEqual((await model.predict([clip]))[0]);
      stream.reset();
      expect([stream.frames, inParts.frames]).toEqual([0, 7]);
      expect(await stream.push(clip)).toEqual((await model.predict([clip]))[0]);
    },
  );

  test('clips answer alike alone and with others, longer and shorter', async () => {
    const model = modelOf(input, 'average', true);
    const clips = [4, 1, 9, 2].map((T) => clipOf(T));
    const together = await model.predict(clips);
    for (const [i, clip] of clips.entries()) expect((await model.predict([clip]))[0]).toEqual(together[i]);
  });
});

test('what a stream keeps does not grow with its length', async () => {
  const model = modelOf(seen, 'average', true);
  const stream = model.stream();
  const kept = () => JSON.stringify(stream.remembered).length;
  for (let t = 0; t < 3; t++) await stream.push(framesOf(1));
  const early = kept();
  for (let t = 0; t < 30; t++) await stream.push(framesOf(1));
  expect(Math.abs(kept() - early)).toBeLessThan(early / 2);
  expect(stream.frames).toBe(33);
});
test('with decay a stream forgets, and its answer follows what happens now', async () => {
  const model = modelOf({ kind: 'features', features: 3 }, 'single');
  const [a, b] = [rowsOf(1), rowsOf(1)];
  const stream = model.stream({ decay: 0.5 });
  for (let t = 0; t < 30; t++) await stream.push(a);
  const now = (await stream.push(a)).probabilities[0];
  expect(now.probability).toBeCloseTo((await model.predict([a]))[0].probability, 6);
  let last = await stream.push(b);
  for (let t = 0; t < 30; t++) last = await stream.push(b);
  expect(last.probability).toBeCloseTo((await model.predict([b]))[0].probability, 6);
  expect(stream.frames).toBe(62);
  for (const decay of [0, 1.1, Number.NaN]) expect(() => model.stream({ decay })).toThrow(ConfigError);
});

test('a clip longer than what is computed at once gives the bits of its parts', async () => {
  const model = modelOf(seen, 'last', true);
  const clip = framesOf(300);
  const stream = model.stream();
  await stream.push(part(clip, 0, 1));
  await stream.push(part(clip, 1, 100));
  expect(await stream.push(part(clip, 100, 300))).toEqual((await model.predict([clip]))[0]);
});

describe('readings', () => {
  test("without recurrence the order of frames does not matter, with it it does: 'mean' to rounding", async () => {
    const clip = rowsOf(6) as { features: readonly ArrayLike<number>[] };
    const back = { features: clip.features.toReversed() };
    for (const reading of readings) {
      const model = modelOf({ kind: 'features', features: 3 }, reading);
      const [a, b] = await model.logits([clip, back]);
      const apart = Math.max(...a.map((value, k) => Math.abs(value - b[k])));
      if (reading === 'mean' || reading === 'single') expect(apart).toBeLessThan(1e-6);
      else expect(apart).toBeGreaterThan(1e-3);
    }
  });

  test('the loss is that of the label: of each frame where predictions are averaged', async () => {
    for (const reading of readings) {
      const model = modelOf({ kind: 'features', features: 3 }, reading);
      const clip = rowsOf(5);
      const loss = await device.read(() => model.loss([clip, rowsOf(1)], [1, 1]));
      const single = await Promise.all([clip].map((one) => device.read(() => model.loss([one], [1]))));
      expect(loss[0]).toBeGreaterThan(0);
      const [logits] = await model.logits([clip]);
      const mass = logits.reduce((sum, value) => sum + Math.exp(value), 0);
      const own = Math.log(mass) - logits[1];
      // A mean of logarithms is at least the logarithm of the mean.
      if (reading === 'last' || reading === 'mean') expect(single[0][0]).toBeCloseTo(own, 5);
      else expect(single[0][0]).toBeGreaterThan(own - 1e-6);
    }
  });

  test('padding changes neither loss nor gradients', async () => {
    const model = modelOf(seen, 'average', true);
    const clips = [framesOf(3), framesOf(3)];
    const weight = model.parameters.get('network.conv1.weight');
    const gradientOf = async (batches: readonly (readonly Clip[])[]): Promise<number[]> => {
      const sums: number[] = [];
      for (const batch of batches) {
        const read = await device.read(() => {
          const targets = batch.map(() => 2);
          return gradients(model.loss(batch, targets), [weight]);
        });
        for (const [i, value] of read[0].entries()) sums[i] = (sums[i] ?? 0) + value / batches.length;
      }
      return sums;
    };
    const short = part(clips[0], 0, 1);
    const apart = await gradientOf([[short], [clips[1]]]);
    const joint = await gradientOf([[short, clips[1]]]);
    for (const [i, value] of apart.entries()) expect(joint[i]).toBeCloseTo(value, 5);
  });
});

describe('learning', () => {
  const accuracyOf = async (examples: readonly LabelledClip[], held: readonly LabelledClip[], reading: Reading) => {
    const config = { cell: 'gru', hidden: 16, layers: 1, dropout: 0, reading, input: world } as const;
    const labels = [...new Set(examples.map(({ label }) => label))].sort();
    const model = new VideoClassifier(device, { config, labels }, 1);
    const task = await videoTraining(model, examples, { validation: held, batch: 16, seed: 1 });
    const events = train(task, {
      optimizer: { method: 'adam' },
      learningRate: 4e-3,
      clipNorm: 1,
      steps: 70,
      sampleEvery: 0,
    });
    for await (const _ of events);
    const found = await model.predict(held.map(({ clip }) => clip));
    return found.filter(({ label }, i) => label === held[i].label).length / held.length;
  };
  const world: FrameInput = {
    kind: 'frames',
    network: frameNetwork({ features: 16, channels: 4 }),
    preprocessing: { size: 16, mean: [0.1, 0.1, 0.1], std: [0.3, 0.3, 0.3] },
  };

  test('recurrent layers learn what shapes do', async () => {
    const videos = makeVideos({ count: 160, seed: 1, size: 16, length: [6, 8], actions: ['enter', 'leave', 'orbit'] });
    const examples = videos.map(({ frames, events: [{ action }] }) => ({ clip: { frames }, label: action }));
    expect(await accuracyOf(examples.slice(40), examples.slice(0, 40), 'average')).toBeGreaterThan(0.8);
  });

  test('who follows whom is in the order of frames alone: the mean of features guesses, recurrent layers learn', async () => {
    const made = [6, 7].map((seed) => makeOrderPairs({ count: seed === 6 ? 70 : 20, seed, size: 16, length: [5, 6] }));
    const [examples, held] = made.map((pairs) => pairs.map(({ frames, label }) => ({ clip: { frames }, label })));
    expect(await accuracyOf(examples, held, 'mean')).toBeCloseTo(0.5, 1);
    expect(await accuracyOf(examples, held, 'last')).toBeGreaterThan(0.85);
  });
});

test('a run resumes with the same bits', async () => {
  const videos = makeVideos({ count: 8, seed: 2, size: 14, length: [3, 5], actions: ['collide', 'swap'] });
  const examples = videos.map(({ frames, events: [{ action }] }) => ({ clip: { frames }, label: action }));
  const run = async (steps: number, resume?: Uint8Array): Promise<Uint8Array> => {
    const input: FrameInput = { ...seen, preprocessing: { ...seen.preprocessing, size: 14 } } as FrameInput;
    const model = new VideoClassifier(
      device,
      { config: { ...sizes, dropout: 0.2, input }, labels: ['collide', 'swap'] },
      1,
    );
    const augmentation = { crop: 0.6, speed: 1.5, images: { shift: 2, flip: true } };
    const task = await videoTraining(model, examples, {
      validation: examples.slice(0, 2),
      batch: 3,
      seed: 4,
      augmentation,
    });
    let last: Uint8Array | null = null;
    const options = { optimizer: { method: 'adam' }, learningRate: 1e-2, sampleEvery: 0, steps } as const;
    for await (const event of train(task, { ...options, resume: resume && decodeCheckpoint(resume) })) {
      if (event.type === 'checkpoint') last = encodeCheckpoint(event.checkpoint);
    }
    return last!;
  };
  const straight = decodeCheckpoint(await run(6));
  const resumed = decodeCheckpoint(await run(6, await run(3)));
  expect(resumed.parameters).toEqual(straight.parameters);
});

describe('augmentation', () => {
  test('keeps the order of frames, the ends of what it keeps, and gives the same for the same state', () => {
    const clip: Clip = { features: Array.from({ length: 20 }, (_, t) => [t, -t]) };
    for (let i = 0; i < 30; i++) {
      const config = { crop: 0.5, speed: 1.5 };
      const varied = augmentClip(clip, config, new Random(i)) as { features: ArrayLike<number>[] };
      const times = varied.features.map((row) => row[0]);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times.length).toBeGreaterThanOrEqual(6);
      expect(augmentClip(clip, config, new Random(i))).toEqual(varied);
    }
  });

  test('mirrors poses: x changes sign, paired joints their places; twice is once', () => {
    const mirror = mirroredJoints(3, [[1, 2]]);
    expect(mirror).toEqual([-1, 2, -5, 6, -3, 4]);
    const clip: Clip = { features: [[1, 2, 3, 4, 5, 6]] };
    const seeds = Array.from({ length: 20 }, (_, i) => augmentClip(clip, { mirror }, new Random(i)));
    const rows = seeds.map((one) => Array.from((one as { features: ArrayLike<number>[] }).features[0]));
    expect(new Set(rows.map(String))).toEqual(new Set(['1,2,3,4,5,6', '-1,2,-5,6,-3,4']));
    expect(() => mirroredJoints(2, [[0, 2]])).toThrow(ConfigError);
  });

  test('all frames of a clip are shifted alike', () => {
    const one = picture();
    const { frames } = augmentClip(
      { frames: [one, one, one] },
      { images: { shift: 3, flip: true } },
      new Random(8),
    ) as {
      frames: Image[];
    };
    expect(frames[1]).toEqual(frames[0]);
    expect(frames[2]).toEqual(frames[0]);
  });
});

describe('what cannot be', () => {
  const features = { kind: 'features', features: 3 } as const;
  test.each<[string, unknown]>([
    ['a clip has no frame', { frames: [] }],
    ['a clip has no frame', { features: [] }],
    ['takes clips', 'a.mp4'],
    [
      'frame 2 has 2 features, the first 3',
      {
        features: [
          [1, 2, 3],
          [1, 2],
        ],
      },
    ],
    ['feature 2 of frame 1 must be a finite number', { features: [[1, Number.NaN, 3]] }],
    [
      'frame 2 has 3 × 3 pixels, the first 9 × 7',
      { frames: [picture(), { width: 3, height: 3, channels: 1, data: new Uint8Array(9) }] },
    ],
    ['a clip has 1000000 frames; at most 10000', { features: new Array(1_000_000).fill([1, 2, 3]) }],
  ])('%s', async (message, clip) => {
    await expect(modelOf(features, 'average').predict([clip as Clip])).rejects.toThrow(DataError);
    await expect(modelOf(features, 'average').predict([clip as Clip])).rejects.toThrow(message);
  });

  test('is named', async () => {
    await expect(modelOf(features, 'average').predict([framesOf(2)])).rejects.toThrow(
      'the model reads features, received frames',
    );
    await expect(modelOf(features, 'average').predict([rowsOf(2, 5)])).rejects.toThrow(
      'reads 3 features of each frame, received 5',
    );
    await expect(modelOf(seen, 'average').predict([rowsOf(2)])).rejects.toThrow(
      'the model reads frames, received features',
    );
    expect(() => modelOf(features, 'average', false, { bidirectional: true }).stream()).toThrow(/reads no stream/);
    expect(() => modelOf(features, 'mean', false, { bidirectional: true })).toThrow(/bidirectional has no meaning/);
    expect(() => new VideoClassifier(device, { config: { ...sizes, input: features }, labels: ['a'] })).toThrow(
      /two labels/,
    );
  });
});

describe('a label for each frame', () => {
  const videos = makeVideos({ count: 60, seed: 3, size: 16, length: [5, 7], events: 2, actions: ['enter', 'leave'] });
  const examples = videos.map(({ frames, events }) => {
    const labels = new Array<string>(frames.length).fill('nothing');
    for (const { action, start, end } of events) labels.fill(action, start, end);
    return { clip: { frames }, labels };
  });
  const make = (): FrameLabeller =>
    new FrameLabeller(device, {
      config: {
        ...{ cell: 'gru', hidden: 12, layers: 1, dropout: 0, bidirectional: true },
        input: {
          kind: 'frames',
          network: frameNetwork({ features: 12, channels: 4 }),
          preprocessing: { size: 16, mean: [0.1, 0.1, 0.1], std: [0.3, 0.3, 0.3] },
        },
      },
      ...{ labels: ['enter', 'leave', 'nothing'], background: 'nothing' },
    });

  test('is learned, and found again as segments', async () => {
    const model = make();
    const task = await frameLabellerTraining(model, examples.slice(12), {
      validation: examples.slice(0, 12),
      batch: 8,
      seed: 1,
    });
    let map = 0;
    for await (const event of train(task, {
      optimizer: { method: 'adam' },
      learningRate: 6e-3,
      clipNorm: 1,
      steps: 60,
      sampleEvery: 0,
    })) {
      if (event.type === 'validation') map = event.metrics!.map;
    }
    expect(map).toBeGreaterThan(0.4);
    const [found] = await model.predict([examples[0].clip], { smooth: 3 });
    expect(found.labels).toHaveLength(lengthOf(examples[0].clip));
    const open = FrameLabeller.load(device, encodeModel(await storeModel(model)));
    expect(await open.predict([examples[0].clip], { smooth: 3 })).toEqual([found]);
  });

  test('another number of labels than frames is named', async () => {
    const wrong = [{ ...examples[0], labels: ['enter'] }];
    await expect(frameLabellerTraining(make(), examples, { validation: wrong, batch: 2, seed: 1 })).rejects.toThrow(
      /frames and 1 labels; give one for each frame/,
    );
  });
});
