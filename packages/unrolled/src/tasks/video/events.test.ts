import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { Random } from '../../random.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../train/checkpoint.ts';
import { encodeModel, storeModel } from '../../train/stored-model.ts';
import { train } from '../../train/train.ts';
import { neighbours } from './event-encoder.ts';
import {
  type ClipWithEvents,
  captionVocabulary,
  type EventContext,
  type EventsEvaluation,
  evaluateEventCaptioner,
  eventCaptionerTraining,
  eventContexts,
  frameNetwork,
  makeVideos,
  proposalsIn,
  VideoEventCaptioner,
  type VideoEventsConfig,
  windowLengths,
} from './index.ts';
import { proposalTargets } from './proposals.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const random = new Random(11);
const places = ['first', 'then', 'last'];
/** Three events in each clip, whose captions say which of them is the first and the last. */
const made = (count: number): ClipWithEvents[] =>
  Array.from({ length: count }, () => {
    const rows: number[][] = [];
    const rest = (): void => {
      for (let t = 1 + random.below(3); t > 0; t--) rows.push([0, 0, random.normal() / 10]);
    };
    const events = places.map((place) => {
      rest();
      const [start, T, rises] = [rows.length, 4 + random.below(2), random.uniform() < 0.5];
      for (let t = 0; t < T; t++) rows.push([1, rises ? t / (T - 1) : 1 - t / (T - 1), random.normal() / 10]);
      return { start, end: rows.length, caption: `${place} it ${rises ? 'rises' : 'falls'}` };
    });
    rest();
    return { clip: { features: rows }, events };
  });
const captionsOf = (examples: readonly ClipWithEvents[]): string[] =>
  examples.flatMap(({ events }) => events.map(({ caption }) => caption));
const examples = made(60);
const vocabulary = captionVocabulary(captionsOf(examples), { minCount: 1 });
const modelOf = (context: EventContext, more: Partial<VideoEventsConfig> = {}): VideoEventCaptioner =>
  new VideoEventCaptioner(device, {
    vocabulary,
    config: {
      ...{
        cell: 'gru',
        hidden: 12,
        layers: 1,
        dropout: 0,
        embedding: 6,
        bidirectional: true,
        windows: [4, 5],
        context,
      },
      ...{ input: { kind: 'features', features: 3 }, ...more },
    },
  });

describe('proposals', () => {
  test('true overlaps as scores give the events again, the best first, and nothing else', () => {
    for (const { clip, events } of examples) {
      const frames = 'features' in clip ? clip.features.length : 0;
      const windows = windowLengths(events.map(({ start, end }) => end - start));
      const scores = proposalTargets(frames, events, windows);
      const found = proposalsIn(scores, windows, { threshold: 0.99 });
      const parts = (some: readonly { start: number; end: number }[]) =>
        some.map(({ start, end }) => [start, end]).sort(([a], [b]) => a - b);
      expect(parts(found)).toEqual(parts(events));
    }
  });

  test('of windows that overlap much the best stays; windows before the clip are none', () => {
    const scores = [[0.9], [0.4], [0.7], [0.8], [0.2], [0.6]];
    expect(proposalsIn(scores, [2], { threshold: 0.3, overlap: 0.2 })).toEqual([
      { start: 2, end: 4, score: 0.8 },
      { start: 4, end: 6, score: 0.6 },
      { start: 0, end: 2, score: 0.4 },
    ]);
    expect(proposalsIn(scores, [2], { threshold: 0.3, overlap: 0.4 }).map(({ start }) => start)).toEqual([2, 1, 4, 0]);
    expect(proposalsIn(scores, [2], { threshold: 0, overlap: 1, mostEvents: 2 }).map(({ end }) => end)).toEqual([4, 3]);
    expect(proposalTargets(2, [{ start: 0, end: 2 }], [2, 3])).toEqual([
      [-1, -1],
      [1, -1],
    ]);
  });

  test('lengths of windows are those there are, or as many quantiles', () => {
    expect(windowLengths([7, 3, 7, 5])).toEqual([3, 5, 7]);
    const many = windowLengths(
      Array.from({ length: 1000 }, (_, i) => 10 + i),
      5,
    );
    expect([many.length, many[0], many.at(-1)]).toEqual([5, 10, 1009]);
  });
});

test('each other event of a clip is in the past or in the future, and in no other clip', () => {
  const spans = [
    [{ start: 0, end: 9 }],
    [4, 2, 9].map((end) => ({ start: 0, end })),
    [],
    [5, 5].map((end) => ({ start: 1, end })),
  ];
  expect(neighbours(spans)).toEqual([
    [[], [2], [], [1, 2], [], [4]],
    [[], [3], [1, 3], [], [5], []],
  ]);
});

describe.each(eventContexts)('events and their captions, with context %s', (context) => {
  test('do not depend on the other clips, to the bit, and are the same from a file', async () => {
    const model = modelOf(context);
    const clips = examples.slice(0, 4).map(({ clip }) => clip);
    const options = { threshold: 0, overlap: 0.3, beam: 2 };
    const together = await model.predict(clips, options);
    expect(together.flatMap(({ events }) => events).length).toBeGreaterThan(8);
    for (const [i, clip] of clips.entries()) expect((await model.predict([clip], options))[0]).toEqual(together[i]);
    const open = VideoEventCaptioner.load(device, encodeModel(await storeModel(model)));
    expect(await open.predict(clips, options)).toEqual(together);
    for (const { events } of together) {
      for (const { start, end, attention } of events)
        for (const row of attention!.weights) expect(row).toHaveLength(end - start);
    }
  });
});

describe('learning', () => {
  const trained = async (
    model: VideoEventCaptioner,
    some: readonly ClipWithEvents[],
    held: readonly ClipWithEvents[],
    steps: number,
  ): Promise<EventsEvaluation> => {
    const task = await eventCaptionerTraining(model, some, { batch: 10, seed: 1 });
    const how = { optimizer: { method: 'adam' }, learningRate: 1e-2, clipNorm: 1, steps, sampleEvery: 0 } as const;
    for await (const _ of train(task, how));
    return evaluateEventCaptioner(model, held);
  };

  test('finds events, and says what only their neighbours tell: which is the first, and which the last', async () => {
    const held = made(20);
    const both = await trained(modelOf('both'), examples, held, 110);
    expect(both.segments.map[1].map).toBeGreaterThan(0.8);
    expect(both.told.exact).toBeGreaterThan(0.9);
    const { captions, recall } = both.matched[1];
    expect(recall).toBeGreaterThan(0.8);
    expect(captions!.wordErrorRate).toBeLessThan(0.25);
    // Each event is read from its own frames alone: without neighbours the place is a guess among three.
    const none = await trained(modelOf('none'), examples, held, 110);
    expect(none.told.exact).toBeLessThan(0.55);
  });

  test('finds and describes what moving shapes do, from frames', async () => {
    const videos = makeVideos({
      count: 100,
      seed: 1,
      size: 14,
      length: [5, 6],
      events: 2,
      actions: ['enter', 'leave'],
    });
    const all = videos.map(
      ({ frames, events }): ClipWithEvents => ({
        clip: { frames },
        events: events.map(({ start, end, action }) => ({
          start,
          end,
          caption: action === 'enter' ? 'it enters' : 'it leaves',
        })),
      }),
    );
    const input = {
      kind: 'frames',
      network: frameNetwork({ features: 16, channels: 4 }),
      preprocessing: { size: 14, mean: [0.05, 0.05, 0.05], std: [0.15, 0.15, 0.15] },
    } as const;
    const model = new VideoEventCaptioner(device, {
      vocabulary: captionVocabulary(captionsOf(all), { minCount: 1 }),
      config: {
        ...{
          cell: 'gru',
          hidden: 16,
          layers: 1,
          dropout: 0,
          embedding: 6,
          bidirectional: true,
          windows: [5, 6],
          input,
        },
      },
    });
    const { segments, told } = await trained(model, all.slice(20), all.slice(0, 20), 80);
    expect(segments.map[1].map).toBeGreaterThan(0.6);
    expect(told.exact).toBeGreaterThan(0.8);
  });
});

test('a run resumes with the same bits, also with clips without events', async () => {
  const some = [...examples.slice(0, 5), { clip: examples[7].clip, events: [] }];
  const run = async (steps: number, resume?: Uint8Array): Promise<Uint8Array> => {
    const task = await eventCaptionerTraining(modelOf('both', { dropout: 0.2 }), some, {
      ...{ validation: some.slice(0, 2), batch: 2, seed: 4, smoothing: 0.1, augmentation: { noise: 0.1 } },
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

test('what cannot be is named', async () => {
  const model = modelOf('past');
  const [{ clip }] = examples;
  const odd = { clip, events: [{ start: 3, end: 99, caption: 'it rises' }] };
  await expect(evaluateEventCaptioner(model, [odd])).rejects.toThrow(
    /from frame 3 to 99 is not in a clip of \d+ frames/,
  );
  await expect(evaluateEventCaptioner(model, [{ clip, events: [] }])).rejects.toThrow(DataError);
  await expect(model.predict([clip], { threshold: 2 })).rejects.toThrow(ConfigError);
  await expect(
    eventCaptionerTraining(model, examples, { batch: 2, seed: 1, augmentation: { crop: 0.5 } }),
  ).rejects.toThrow(/moves frames away from their events/);
  expect(() => modelOf('both', { windows: [] })).toThrow(/windows/);
});
