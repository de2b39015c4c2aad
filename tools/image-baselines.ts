// The baselines beside classifiers of images: the nearest neighbours by the distance of their pixels, and logistic regression on
// pixels. How many neighbours vote, and for how long the regression learns, is chosen on a tenth of the training images:
//
//     node tools/image-baselines.ts cifar10/                # train/ and test/ in it, or IDX files
//     node tools/image-baselines.ts flowers/ --size 32

import { parseArgs } from 'node:util';
import { openDevice } from 'unrolled';
import { type Image, imageBatch, type Preprocessing } from 'unrolled/images';
import { Flatten, Linear, Sequential } from 'unrolled/nn';
import {
  channelStatistics,
  evaluateImageClassifier,
  ImageClassifier,
  imageClassifierTraining,
} from 'unrolled/tasks/classify-images';
import { train } from 'unrolled/train';
import { imageData } from '../packages/cli/src/input/image-data.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { size: { type: 'string', default: '32' } },
});
const [folder] = positionals;
const data = folder === undefined ? null : imageData(folder);
if (!data?.test)
  throw new Error('node tools/image-baselines.ts FOLDER [--size 32], with train/ and test/ in it, or IDX files');
const { labels } = data;
const device = await openDevice();
const read = async ({ read }: typeof data.train) => {
  const { images, targets } = await read();
  return images.map((image, i) => ({ image, label: labels[targets[i]], target: targets[i] }));
};
const [all, test] = [await read(data.train), await read(data.test)];
const held = all.filter((_, i) => i % 10 === 0);
const examples = all.filter((_, i) => i % 10 !== 0);
const channels = examples[0].image.channels;
const preprocessing: Preprocessing = {
  size: Number(values.size),
  ...channelStatistics(
    examples.map(({ image }) => image),
    channels,
  ),
};
type Labelled = (typeof all)[number];

/** Pixels, a row for each image. */
const pixelsOf = (images: readonly Image[]) => imageBatch(images, preprocessing, device).reshape([images.length, -1]);

/** For each image its nearest ones among the examples, the nearest first. */
function nearest(images: readonly Labelled[], among: readonly Labelled[], most: number): number[][] {
  const known = pixelsOf(among.map(({ image }) => image));
  const squares = known
    .square()
    .sum({ axes: [1] })
    .data();
  const found: number[][] = [];
  for (let start = 0; start < images.length; start += 100) {
    const batch = images.slice(start, start + 100).map(({ image }) => image);
    const products = device.scope(() => pixelsOf(batch).matmul(known, { transposeB: true }).data());
    for (let i = 0; i < batch.length; i++) {
      // Less the square of the image itself, which is the same for all.
      const distances = Float64Array.from(squares, (square, j) => square - 2 * products[i * among.length + j]);
      const order = Int32Array.from(distances, (_, j) => j).sort((a, b) => distances[a] - distances[b]);
      found.push([...order.subarray(0, most)]);
    }
  }
  return found;
}

const votes = [1, 3, 5, 10, 20];
const most = votes.at(-1)!;

/** The share of images whose label most of the k nearest have, the nearest one where there is a tie. */
function share(
  images: readonly Labelled[],
  among: readonly Labelled[],
  neighbours: readonly number[][],
  k: number,
): number {
  const right = images.filter(({ target }, i) => {
    const near = neighbours[i].slice(0, k).map((j) => among[j].target);
    const counts = near.map((one) => near.filter((other) => other === one).length);
    return near[counts.indexOf(Math.max(...counts))] === target;
  });
  return right.length / images.length;
}

const percent = (part: number): string => `${(100 * part).toFixed(1)}%`;

const tried = nearest(held, examples, most);
const best = votes.reduce((a, b) => (share(held, examples, tried, b) > share(held, examples, tried, a) ? b : a));
const accuracy = share(test, all, nearest(test, all, most), best);
console.log(`nearest neighbours (${best}): ${percent(accuracy)} of ${test.length}`);

const network = new Sequential([new Flatten(), new Linear({ units: labels.length })]).config;
const model = new ImageClassifier(device, { config: { network }, labels, preprocessing });
const training = await imageClassifierTraining(model, examples, { validation: held, batch: 100, seed: 1 });
const options = { optimizer: { method: 'adamw', weightDecay: 0.1 }, learningRate: 1e-3, schedule: 'linear' } as const;
let kept: Parameters<typeof model.parameters.load>[0] | null = null;
for await (const event of train(training, { ...options, epochs: 30, validateEvery: training.stepsPerEpoch })) {
  if (event.type === 'checkpoint' && event.best) kept = event.checkpoint.parameters;
}
if (kept) model.parameters.load(kept);
const found = await evaluateImageClassifier(model, test);
console.log(`logistic regression: ${percent(found.accuracy)} of ${test.length}`);
device.close();
