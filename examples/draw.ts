/**
 * Learns to draw lines across and down, and then draws new ones step by step.
 *
 *     node examples/draw.ts
 */
import { openDevice } from 'unrolled';
import { type Image, inText } from 'unrolled/images';
import { DrawModel, drawings, drawnImage, drawTraining, evaluateDraw } from 'unrolled/tasks/draw';
import { train } from 'unrolled/train';

const side = 8;
/** A line across or down. */
const line = (i: number): Image => {
  const data = new Uint8Array(side * side);
  for (let p = 0; p < side; p++) data[i < side ? i * side + p : p * side + (i - side)] = 255;
  return { width: side, height: side, channels: 1, data };
};
const images = Array.from({ length: 2 * side }, (_, i) => line(i));

const device = await openDevice();
const sizes = { height: side, width: side, glimpses: 4, hidden: 32, latent: 4, read: 0, write: 0 };
const model = new DrawModel(device, sizes);
const training = drawTraining(model, images, { batch: 16, seed: 1 });
for await (const event of train(training, {
  optimizer: { method: 'adam' },
  learningRate: 0.01,
  clipNorm: 5,
  steps: 600,
})) {
  if (event.type === 'progress' && event.step % 100 === 0)
    console.log(`step ${event.step}: ${event.loss.toFixed(2)} nats`);
}
const { bound, reconstruction, divergence } = await evaluateDraw(model, images);
console.log(
  `bound ${bound.toFixed(2)} nats: reconstruction ${reconstruction.toFixed(2)}, divergence ${divergence.toFixed(2)}`,
);

for (const drawing of await drawings(model, [{ seed: 1 }, { seed: 2 }])) {
  console.log(inText(drawing.steps.map((_, t) => drawnImage(drawing, t))));
}
device.close();
