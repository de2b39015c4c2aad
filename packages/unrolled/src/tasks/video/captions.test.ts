import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { Random } from '../../random.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../train/checkpoint.ts';
import { encodeModel, storeModel } from '../../train/stored-model.ts';
import { train } from '../../train/train.ts';
import { wordErrors } from './captioner-evaluate.ts';
import {
  type CaptionedClip,
  type Clip,
  type ClipConditioning,
  captionVocabulary,
  clipConditionings,
  evaluateVideoCaptioner,
  frameNetwork,
  makeVideos,
  VideoCaptioner,
  type VideoCaptionerConfig,
  videoCaptionerTraining,
} from './index.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const random = new Random(5);
const rowsOf = (T: number): Clip => ({
  features: Array.from({ length: T }, () => Float32Array.from({ length: 3 }, () => random.normal())),
});
const sizes = { cell: 'lstm', hidden: 6, layers: 1, dropout: 0, embedding: 4 } as const;
const vocabulary = captionVocabulary(['one goes up', 'two go down the hill'], { minCount: 1 });
const modelOf = (conditioning: ClipConditioning, more: Partial<VideoCaptionerConfig> = {}): VideoCaptioner => {
  const config = { ...sizes, input: { kind: 'features', features: 3 }, conditioning, ...more } as const;
  return new VideoCaptioner(device, { config, vocabulary }, 3);
};

describe.each(clipConditionings)('captions of clips by %s', (conditioning) => {
  test('do not depend on the other clips, to the bit, and are the same from a file', async () => {
    const model = modelOf(conditioning, conditioning === 'mean' ? {} : { bidirectional: true, layers: 2 });
    const clips = [4, 1, 9, 2].map(rowsOf);
    const options = { beam: 2, nBest: 2, maxLength: 6 };
    const together = await model.predict(clips, options);
    for (const [i, clip] of clips.entries()) expect((await model.predict([clip], options))[0]).toEqual(together[i]);
    expect(await model.predict(clips, { ...options, batch: 1 })).toEqual(together);
    const open = VideoCaptioner.load(device, encodeModel(await storeModel(model)));
    expect(await open.predict(clips, options)).toEqual(together);
  });

  test('attention is over the frames of the clip alone, and its weights are shares', async () => {
    const clips = [4, 1, 9].map(rowsOf);
    for (const [i, { attention }] of (await modelOf(conditioning).predict(clips)).entries()) {
      if (conditioning !== 'attention') expect(attention).toBeNull();
      else {
        expect(attention!.weights).toHaveLength(attention!.words.length);
        for (const row of attention!.weights) {
          expect(row).toHaveLength([4, 1, 9][i]);
          expect(row.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
        }
      }
    }
  });

  test(`the order of frames ${conditioning === 'mean' ? 'does not matter' : 'matters'}`, async () => {
    const model = modelOf(conditioning);
    const clip = rowsOf(6) as { features: readonly ArrayLike<number>[] };
    const [a, b] = await model.predict([clip, { features: clip.features.toReversed() }]);
    const apart = Math.abs(a.logProbability - b.logProbability);
    if (conditioning === 'mean') expect(apart).toBeLessThan(1e-5);
    else expect(apart).toBeGreaterThan(1e-4);
  });
});

describe('learning', () => {
  const trained = async (
    config: VideoCaptionerConfig,
    examples: readonly CaptionedClip[],
    steps: number,
    rate = 1e-2,
  ): Promise<VideoCaptioner> => {
    const words = captionVocabulary(
      examples.flatMap(({ captions }) => captions),
      { minCount: 1 },
    );
    const model = new VideoCaptioner(device, { vocabulary: words, config });
    const task = await videoCaptionerTraining(model, examples, { batch: 16, seed: 1 });
    const how = { optimizer: { method: 'adam' }, learningRate: rate, clipNorm: 1, steps, sampleEvery: 0 } as const;
    for await (const _ of train(task, how));
    return model;
  };

  test('what is in the order of frames alone: the mean guesses, a sequence and attention learn', async () => {
    const made = (count: number): CaptionedClip[] =>
      Array.from({ length: count }, () => {
        const T = 4 + random.below(3);
        const rows = Array.from({ length: T }, (_, t) => [t / T - 0.4, random.normal() / 4]);
        return [
          { clip: { features: rows }, captions: ['the ball rises to the roof'] },
          { clip: { features: rows.toReversed() }, captions: ['the ball falls to the floor'] },
        ];
      }).flat();
    const [examples, held] = [made(32), made(20)];
    const exact: Record<string, number> = {};
    for (const conditioning of clipConditionings) {
      const input = { kind: 'features', features: 2 } as const;
      const config = { ...sizes, cell: 'gru', hidden: 12, conditioning, input } as const;
      const model = await trained(config, examples, 80);
      exact[conditioning] = (await evaluateVideoCaptioner(model, held)).scores.exact;
    }
    expect(exact.mean).toBeCloseTo(0.5, 1);
    expect(exact.sequence).toBeGreaterThan(0.9);
    expect(exact.attention).toBeGreaterThan(0.9);
  });

  test('sentences about moving shapes, with attention, from their frames', async () => {
    const videos = makeVideos({ count: 230, seed: 1, size: 14, length: [5, 6], actions: ['enter', 'leave'] });
    const examples = videos.map(({ frames, events: [{ action, actors }] }) => ({
      clip: { frames },
      captions: [`the ${actors[0].colour} shape ${action === 'enter' ? 'enters' : 'leaves'}`],
    }));
    const input = {
      kind: 'frames',
      network: frameNetwork({ features: 24, channels: 6 }),
      preprocessing: { size: 14, mean: [0.05, 0.05, 0.05], std: [0.15, 0.15, 0.15] },
    } as const;
    const config = { cell: 'lstm', hidden: 24, layers: 1, dropout: 0, embedding: 8, input } as const;
    const model = await trained(config, examples.slice(30), 120, 4e-3);
    const held = examples.slice(0, 30);
    const { scores, captions } = await evaluateVideoCaptioner(model, held);
    const verbs = captions.filter(({ text }, i) => text.split(' ').at(-1) === held[i].captions[0].split(' ').at(-1));
    expect(verbs.length).toBeGreaterThan(26);
    // One sentence for all has the wrong colour in five of six clips, and the wrong verb in half of them: a third of the words.
    expect(scores.wordErrorRate).toBeLessThan(0.22);
  });
});

test('a run resumes with the same bits, also where clips have several captions', async () => {
  const examples = [3, 5, 2, 4, 4, 6].map((T, i) => ({
    clip: rowsOf(T),
    captions: i % 2 === 0 ? ['one goes up', 'two go down'] : ['two go down the hill'],
  }));
  const run = async (steps: number, resume?: Uint8Array): Promise<Uint8Array> => {
    const task = await videoCaptionerTraining(modelOf('attention', { dropout: 0.2 }), examples, {
      ...{ validation: examples.slice(0, 2), batch: 4, seed: 4, smoothing: 0.1, doublyStochastic: 0.5, sampling: 0.2 },
      augmentation: { crop: 0.6, noise: 0.1 },
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

test('word errors are against the nearest reference', () => {
  const references = [['a b c d', 'x y'], ['one two three']];
  expect(wordErrors(['x z', 'one two three'], references)).toEqual({ wordErrorRate: 1 / 5, exact: 0.5 });
  expect(wordErrors(['a b c', 'two three'], references)).toEqual({ wordErrorRate: 2 / 7, exact: 0 });
});

describe('what cannot be', () => {
  test('is named', async () => {
    expect(() => modelOf('mean', { bidirectional: true })).toThrow(/bidirectional has no meaning/);
    expect(() => modelOf('attention', { conditioning: 'first' as never })).toThrow(ConfigError);
    const model = modelOf('sequence');
    const one = { clip: rowsOf(2), captions: ['one goes up'] };
    await expect(evaluateVideoCaptioner(model, [one, { ...one, captions: [] }])).rejects.toThrow(
      'clip 2 has no caption',
    );
    await expect(evaluateVideoCaptioner(model, [])).rejects.toThrow(DataError);
    await expect(videoCaptionerTraining(model, [one], { batch: 1, seed: 1, doublyStochastic: 1 })).rejects.toThrow(
      /needs attention/,
    );
    await expect(model.predict([one.clip], { begin: 'one goes up', maxLength: 2 })).rejects.toThrow(/allow more/);
  });
});
