/**
 * What a small convolutional network looks at: it learns to tell whether a bright square is in the left or the right half of a
 * noisy picture, and occlusion and saliency find the square.
 *
 *     node examples/see.ts
 */
import { openDevice, Random } from 'unrolled';
import { type Image, imageBatch } from 'unrolled/images';
import { occlusion, type PixelMap, saliency } from 'unrolled/inspect';
import { ImageClassifier, imageClassifierTraining } from 'unrolled/tasks/classify-images';
import { train } from 'unrolled/train';

const [side, random] = [16, new Random(1)];

/** Noise with a square of 4 × 4 pixels. */
function picture(): { image: Image; label: string; x: number; y: number } {
  const right = random.uniform() < 0.5;
  const [x, y] = [random.below(5) + (right ? 8 : 0), random.below(13)];
  const data = Uint8Array.from({ length: side * side }, (_, i) => {
    const [dx, dy] = [(i % side) - x, Math.floor(i / side) - y];
    return 60 * random.uniform() + (dx >= 0 && dx < 4 && dy >= 0 && dy < 4 ? 150 : 0);
  });
  return { image: { width: side, height: side, channels: 1, data }, label: right ? 'right' : 'left', x, y };
}

const relu = { layer: 'activation', kind: 'relu' };
const network = {
  layer: 'sequential',
  layers: {
    ...{ conv1: { layer: 'conv2d', channels: 8, kernel: 3, padding: 'same' }, relu1: relu },
    ...{ flatten: { layer: 'flatten' }, fc: { layer: 'linear', units: 2 } },
  },
};
const device = await openDevice('wasm', { threads: 1 });
const preprocessing = { size: side, mean: [0.2], std: [0.2] };
const classifier = new ImageClassifier(device, { config: { network }, labels: ['left', 'right'], preprocessing });
const examples = Array.from({ length: 300 }, picture);
const training = await imageClassifierTraining(classifier, examples, { batch: 20, seed: 1 });
for await (const event of train(training, { optimizer: { method: 'adam' }, learningRate: 3e-3, steps: 60 })) {
  if (event.type === 'done') console.log(`trained for ${event.step} steps`);
}

const { image, label, x, y } = picture();
const [answer] = await classifier.predict([image]);
console.log(`The square is at ${x}, ${y}: ${label}. The network says ${answer.label}.`);
const seen = { logits: classifier.apply.bind(classifier) };
const input = imageBatch([image], preprocessing, device);
const target = classifier.labelId(label);
console.log(`occlusion\n${drawn(await occlusion(seen, input, target, { patch: 4, stride: 2 }))}`);
console.log(`saliency\n${drawn(await saliency(seen, input, target))}`);
device.close();

/** A map in characters, every second row. */
function drawn({ width, values }: PixelMap): string {
  const most = Math.max(...values);
  const marks = Array.from(values, (value) => ' .:-=+*#%@'[Math.round((9 * Math.max(0, value)) / most)]);
  const starts = Array.from({ length: values.length / width / 2 }, (_, row) => 2 * row * width);
  return starts.map((at) => `  |${marks.slice(at, at + width).join('')}|`).join('\n');
}
