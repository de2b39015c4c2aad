/**
 * Actions of J-HMDB from poses: recurrent models beside classifiers of a single pose and of the mean pose, on the three official
 * splits.
 *
 *     node tools/jhmdb-scores.ts jhmdb-poses [seeds such as 1,2,3] [models] [--validate] [--epochs n]
 *
 * The folder has train_1.f32, train_1.json, test_1.f32, … . Nothing is chosen on the test clips: models train for a fixed number of
 * epochs, and the one after the last step is scored. With --validate a fifth of split 1's training clips is scored in their place,
 * which is how sizes and augmentation were chosen.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openDevice } from 'unrolled';
import { splitExamples } from 'unrolled/data';
import {
  type ClipAugmentation,
  evaluateVideoClassifier,
  type LabelledClip,
  mirroredJoints,
  VideoClassifier,
  type VideoClassifierConfig,
  videoTraining,
} from 'unrolled/tasks/video';
import { train } from 'unrolled/train';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { validate: { type: 'boolean' }, epochs: { type: 'string' } },
});
const [folder, seeds = '1,2,3', chosen = ''] = positionals;
if (folder === undefined) throw new Error('name the folder with the poses: node tools/jhmdb-scores.ts jhmdb-poses');

/** Joints of J-HMDB: neck, belly, face, then shoulders, hips, elbows, knees, wrists and ankles, right and left. */
const mirror = mirroredJoints(15, [
  [3, 4],
  [5, 6],
  [7, 8],
  [9, 10],
  [11, 12],
  [13, 14],
]);
const varied: ClipAugmentation = { crop: 0.6, speed: 1.3, noise: 0.02, scale: 0.15, mirror };
const input = { kind: 'features', features: 30 } as const;
const base = { cell: 'lstm', hidden: 128, layers: 1, dropout: 0.5, input } as const;

interface Candidate {
  readonly name: string;
  readonly config: VideoClassifierConfig;
  readonly augmentation?: ClipAugmentation;
  readonly rate?: number;
}

const candidates: readonly Candidate[] = [
  { name: 'single', config: { ...base, reading: 'single' }, augmentation: varied },
  { name: 'mean', config: { ...base, reading: 'mean' }, augmentation: varied },
  { name: 'lstm-plain', config: base },
  { name: 'lstm', config: base, augmentation: varied },
  { name: 'lstm-differences', config: { ...base, differences: true }, augmentation: varied },
  {
    name: 'bidirectional',
    config: { ...base, layers: 2, bidirectional: true, differences: true },
    augmentation: varied,
  },
];

/** The clips of one part of a split. */
function clipsOf(part: string): LabelledClip[] {
  const { frames, labels } = JSON.parse(readFileSync(join(folder, `${part}.json`), 'utf8')) as {
    readonly frames: readonly number[];
    readonly labels: readonly string[];
  };
  const bytes = readFileSync(join(folder, `${part}.f32`));
  const poses = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  let at = 0;
  return frames.map((T, i) => {
    const features = Array.from({ length: T }, (_, t) => poses.subarray(30 * (at + t), 30 * (at + t + 1)));
    at += T;
    return { clip: { features }, label: labels[i] };
  });
}

const device = await openDevice('wasm', { threads: 1 });

async function accuracyOf({ config, augmentation, rate = 2e-3 }: Candidate, split: number, seed: number) {
  const all = clipsOf(`train_${split}`);
  const parts = splitExamples(all, {
    share: 0.2,
    seed: 7,
    keyOf: ({ label, clip }) => `${label} ${JSON.stringify(clip)}`,
  });
  const [examples, test] = values.validate ? [parts.train, parts.validation] : [all, clipsOf(`test_${split}`)];
  const labels = [...new Set(all.map(({ label }) => label))].sort();
  const model = new VideoClassifier(device, { config, labels }, seed);
  const task = await videoTraining(model, examples, { batch: 32, seed, augmentation });
  const optimizer = { method: 'adam', weightDecay: 1e-4 } as const;
  const epochs = Number(values.epochs ?? 60);
  const steps = Math.ceil(epochs * task.stepsPerEpoch);
  const options = {
    optimizer,
    learningRate: rate,
    schedule: 'cosine',
    clipNorm: 1,
    steps,
    sampleEvery: 0,
    validateEvery: 0,
  } as const;
  for await (const event of train(task, options))
    if (event.type === 'done' && event.reason !== 'finished') throw new Error(event.reason);
  const [scores, middle] = [
    await evaluateVideoClassifier(model, test),
    await evaluateVideoClassifier(
      model,
      test.map(({ clip, label }) => {
        const rows = 'features' in clip ? clip.features : [];
        return { clip: { features: [rows[rows.length >> 1]] }, label };
      }),
    ),
  ];
  return { accuracy: scores.accuracy, middle: middle.accuracy };
}

const splits = values.validate ? [1] : [1, 2, 3];
const mean = (some: readonly number[]): number => some.reduce((sum, one) => sum + one, 0) / some.length;
const percent = (share: number): string => (100 * share).toFixed(1);
for (const one of candidates.filter(({ name }) => chosen === '' || chosen.split(',').includes(name))) {
  const began = performance.now();
  const found: number[][] = [];
  const middles: number[] = [];
  for (const split of splits) {
    const own: number[] = [];
    for (const seed of seeds.split(',').map(Number)) {
      const { accuracy, middle } = await accuracyOf(one, split, seed);
      own.push(accuracy);
      middles.push(middle);
    }
    found.push(own);
  }
  const all = found.flat();
  const line = {
    ...{ model: one.name, accuracy: percent(mean(all)), splits: found.map((own) => percent(mean(own))) },
    ...{
      least: percent(Math.min(...all)),
      most: percent(Math.max(...all)),
      seconds: Math.round((performance.now() - began) / 1000),
    },
    ...(one.name === 'single' && { middleFrameAlone: percent(mean(middles)) }),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
device.close();
