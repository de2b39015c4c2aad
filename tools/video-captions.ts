/**
 * How well videos of moving shapes are described: one event each, by each way to know the clip, and several events that overlap,
 * which have to be found first.
 *
 *     node tools/video-captions.ts [seeds such as 1,2,3] [epochs of captions] [epochs of events]
 */
import { openDevice } from 'unrolled';
import { captionVocabulary } from 'unrolled/tasks/caption';
import {
  type CaptionedClip,
  type ClipWithEvents,
  clipConditionings,
  evaluateEventCaptioner,
  evaluateVideoCaptioner,
  eventCaptionerTraining,
  eventContexts,
  frameNetwork,
  makeVideos,
  VideoCaptioner,
  VideoEventCaptioner,
  videoCaptionerTraining,
  windowLengths,
} from 'unrolled/tasks/video';
import { train } from 'unrolled/train';

const [seeds = '1,2,3', captionEpochs = '30', eventEpochs = '20'] = process.argv.slice(2);

const input = (size: number) =>
  ({
    kind: 'frames',
    network: frameNetwork({ features: 48, channels: 8 }),
    preprocessing: { size, mean: [0.1, 0.1, 0.1], std: [0.3, 0.3, 0.3] },
  }) as const;
const sizes = { cell: 'lstm', hidden: 64, layers: 1, dropout: 0.2, embedding: 24 } as const;
const how = {
  optimizer: { method: 'adam' },
  learningRate: 3e-3,
  schedule: 'cosine',
  clipNorm: 1,
  sampleEvery: 0,
} as const;
const percent = (share: number): string => (100 * share).toFixed(1);

const told = (count: number, seed: number): CaptionedClip[] =>
  makeVideos({ count, seed, size: 16 }).map(({ frames, events: [{ caption }] }) => ({
    clip: { frames },
    captions: [caption],
  }));
const overlapping = (count: number, seed: number): ClipWithEvents[] =>
  makeVideos({ count, seed, size: 24, events: 2, rows: 2 }).map(({ frames, events }) => ({
    clip: { frames },
    events: events.map(({ start, end, caption }) => ({ start, end, caption })),
  }));

const device = await openDevice('wasm', { threads: 1 });
const examples = told(1000, 1);
const held = told(200, 2);
const vocabulary = captionVocabulary(
  examples.flatMap(({ captions }) => captions),
  { minCount: 1 },
);
console.log('captions\tseed\tconditioning\tsentences right\tword error rate\tBLEU-4');
for (const seed of seeds.split(',').map(Number)) {
  for (const conditioning of clipConditionings) {
    const model = new VideoCaptioner(
      device,
      { vocabulary, config: { ...sizes, conditioning, input: input(16) } },
      seed,
    );
    const task = await videoCaptionerTraining(model, examples, { batch: 16, seed });
    for await (const _ of train(task, { ...how, epochs: Number(captionEpochs) }));
    const { scores } = await evaluateVideoCaptioner(model, held);
    const { exact, wordErrorRate, bleu } = scores;
    console.log(
      ['captions', seed, conditioning, percent(exact), percent(wordErrorRate), bleu[3]?.toFixed(3)].join('\t'),
    );
  }
}

const clips = overlapping(500, 3);
const apart = overlapping(100, 4);
const spans = clips.flatMap(({ events }) => events);
const words = captionVocabulary(
  spans.map(({ caption }) => caption),
  { minCount: 1 },
);
const windows = windowLengths(spans.map(({ start, end }) => end - start));
console.log(
  'events\tseed\tcontext\tAP at 0.3\t0.5\t0.7\t0.9\trecall at 0.5\tword error rate of these\tof the true events\tright',
);
for (const seed of seeds.split(',').map(Number)) {
  for (const context of eventContexts) {
    const config = { ...sizes, bidirectional: true, windows, context, input: input(24) } as const;
    const model = new VideoEventCaptioner(device, { vocabulary: words, config }, seed);
    const task = await eventCaptionerTraining(model, clips, { batch: 8, seed });
    for await (const _ of train(task, { ...how, epochs: Number(eventEpochs) }));
    const { segments, matched, told: all } = await evaluateEventCaptioner(model, apart);
    const at = matched[1];
    const shown = [
      ...segments.map.map(({ map }) => percent(map)),
      percent(at.recall),
      at.captions === null ? '' : percent(at.captions.wordErrorRate),
      percent(all.wordErrorRate),
      percent(all.exact),
    ];
    console.log(['events', seed, context, ...shown].join('\t'));
  }
}
device.close();
