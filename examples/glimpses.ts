/**
 * A network that sees 4 × 4 pixels at a time learns where to look for a shape in a picture of 16 × 16.
 *
 *     node examples/glimpses.ts
 */
import { openDevice, Random } from 'unrolled';
import { type Image, inText, type LabelledImage, scenes } from 'unrolled/images';
import { evaluateGlimpses, GlimpseModel, glimpseTraining, readImages } from 'unrolled/tasks/glimpse';
import { train } from 'unrolled/train';

/** A cross or a square of 5 × 5 pixels. */
function shape(label: string): Image {
  const data = new Uint8Array(25);
  for (let i = 0; i < 25; i++) {
    const [y, x] = [Math.floor(i / 5), i % 5];
    const inside = label === 'cross' ? y === 2 || x === 2 : y % 4 === 0 || x % 4 === 0;
    data[i] = inside ? 255 : 0;
  }
  return { width: 5, height: 5, channels: 1, data };
}

const labels = ['cross', 'square'];
const examples: LabelledImage[] = Array.from({ length: 128 }, (_, i) => {
  return { image: shape(labels[i % 2]), label: labels[i % 2] };
});

const device = await openDevice();
const model = new GlimpseModel(device, {
  config: { height: 16, width: 16, reader: 'reinforce', glimpses: 3, patch: 4, scales: 2, hidden: 32, units: 16 },
  scene: { kind: 'translated', size: 16 },
  labels,
});
const training = glimpseTraining(model, examples, { batch: 32, seed: 1 });
for await (const event of train(training, {
  optimizer: { method: 'adam' },
  learningRate: 0.005,
  clipNorm: 5,
  epochs: 60,
})) {
  if (event.type === 'progress' && event.step % 60 === 0)
    console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}`);
}
const { accuracy, byGlimpses } = await evaluateGlimpses(model, examples, { seed: 2 });
console.log(
  `right ${Math.round(100 * accuracy)}%; after each glimpse ${byGlimpses.map((share) => `${Math.round(100 * share)}%`).join(' ')}`,
);

const [{ image }] = scenes(examples.slice(0, 1), model.scene, examples, new Random(5));
const [{ labels: read, path }] = await readImages(model, [image]);
console.log(inText([image]));
console.log(`${path.map(({ y, x }) => `(${x.toFixed(1)}, ${y.toFixed(1)})`).join(' ')} → ${read[0]}`);
device.close();
