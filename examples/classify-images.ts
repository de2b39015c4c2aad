// Image classification: squares, discs and crosses of any size, place and brightness, in noise.
//
//     node examples/classify-images.ts

import { openDevice, Random } from 'unrolled';
import type { Image } from 'unrolled/images';
import { evaluateImageClassifier, ImageClassifier, imageClassifierTraining } from 'unrolled/tasks/classify-images';
import { train } from 'unrolled/train';
import { networkConfig } from 'unrolled/vision';

const random = new Random(1);
const size = 16;
/** Whether a pixel belongs to a shape of radius r, at its distance from the centre. */
const shapes: Record<string, (dx: number, dy: number, r: number) => boolean> = {
  square: (dx, dy, r) => Math.max(Math.abs(dx), Math.abs(dy)) <= r,
  disc: (dx, dy, r) => Math.hypot(dx, dy) <= r + 0.5,
  cross: (dx, dy, r) => Math.min(Math.abs(dx), Math.abs(dy)) < 1 && Math.max(Math.abs(dx), Math.abs(dy)) <= r,
};
const labels = Object.keys(shapes);

function draw(label: string): Image {
  const r = 3 + random.below(3);
  const [x, y] = [0, 0].map(() => r + random.below(size - 2 * r));
  const [paper, ink] = [40 + random.below(60), 140 + random.below(80)];
  const data = Uint8Array.from({ length: size * size }, (_, i) => {
    const inside = shapes[label]((i % size) - x, Math.floor(i / size) - y, r);
    return (inside ? ink : paper) + 12 * random.normal();
  });
  return { width: size, height: size, channels: 1, data };
}

const examples = Array.from({ length: 600 }, (_, i) => ({ label: labels[i % 3], image: draw(labels[i % 3]) }));
const device = await openDevice();
const classifier = new ImageClassifier(device, {
  config: { network: networkConfig('vgg-small', { classes: 3, width: 1 / 8 }) },
  labels,
  preprocessing: { size, mean: [0.4], std: [0.2] },
  augmentation: { shift: 1, flip: true },
});
const validation = examples.slice(0, 150);
const training = await imageClassifierTraining(classifier, examples.slice(150), { validation, batch: 25, seed: 1 });
const options = { optimizer: { method: 'adam' }, learningRate: 0.01, schedule: 'cosine', warmUp: 0.1 } as const;
for await (const event of train(training, { ...options, epochs: 5, validateEvery: 18 })) {
  if (event.type === 'validation') console.log(`step ${event.step}   accuracy ${event.metrics!.accuracy.toFixed(3)}`);
}

const news = labels.map((label) => ({ label, image: draw(label) }));
for (const [i, { label, probability }] of (await classifier.predict(news.map(({ image }) => image))).entries()) {
  console.log(`${news[i].label} → ${label} (${(100 * probability).toFixed(0)}%)`);
}
const { confusion } = await evaluateImageClassifier(classifier, validation);
console.log(confusion.map((row, i) => `${labels[i]} ${row.join(' ')}`).join('   '));
device.close();
