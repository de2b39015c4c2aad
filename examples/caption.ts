// Describes drawings: "a red square left of a green cross". A network with random weights sees; a decoder learns to tell.
//
//     node examples/caption.ts

import { openDevice, Random } from 'unrolled';
import { Activation, Conv2d, Sequential } from 'unrolled/nn';
import { type CaptionedImage, Captioner, captionTraining, captionVocabulary } from 'unrolled/tasks/caption';
import { train } from 'unrolled/train';

const random = new Random(1);
const colours = { red: [230, 40, 40], green: [40, 200, 60], blue: [50, 80, 240] };
const shapes = { square: /./, cross: /2/, ring: /[04]/ }; // of 5 × 5 pixels, by their columns and rows
const pick = <Item>(items: Record<string, Item>) => Object.entries(items)[random.below(Object.keys(items).length)];

/** A drawing of 16 × 16 pixels, and what it shows. */
function drawing(): CaptionedImage {
  const data = new Uint8Array(16 * 16 * 3).fill(20);
  const draw = (left: number, top: number): string => {
    const [[colour, rgb], [shape, places]] = [pick(colours), pick(shapes)];
    for (let i = 0; i < 25; i++) {
      const [x, y] = [i % 5, Math.floor(i / 5)];
      if (places.test(`${x}${y}`)) data.set(rgb, 3 * (16 * (top + y) + left + x));
    }
    return `a ${colour} ${shape}`;
  };
  const beside = random.below(2) === 0;
  const [first, second] = [draw(2, 2), beside ? draw(9, 2) : draw(2, 9)];
  const caption = `${first} ${beside ? 'left of' : 'above'} ${second}`;
  return { image: { width: 16, height: 16, channels: 3, data }, captions: [caption] };
}

const device = await openDevice();
const [known, fresh] = [600, 100].map((count) => Array.from({ length: count }, drawing));
const [images, others] = [known, fresh].map((some) => some.map(({ image }) => image));
const captions = known.map((one) => one.captions);
const see = new Conv2d({ channels: 64, kernel: 5, stride: 4, padding: 1 });
const captioner = new Captioner(device, {
  config: { cell: 'lstm', hidden: 64, layers: 1, embedding: 16, dropout: 0 },
  backbone: {
    config: new Sequential([see, new Activation({ kind: 'relu' })]).config,
    preprocessing: { size: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  },
  vocabulary: captionVocabulary(captions.flat()),
});
const features = await captioner.features(images);
const task = captionTraining(captioner, { features, captions }, { batch: 30, seed: 1 });
const optimizer = { method: 'adam' } as const;
for await (const event of train(task, { optimizer, learningRate: 0.01, schedule: 'cosine', clipNorm: 5, epochs: 14 })) {
  if (event.type === 'progress' && event.step % 60 === 0)
    console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}`);
}
const written = await captioner.predict(others);
const right = written.filter(({ text }, i) => text === fresh[i].captions[0]).length;
console.log(`${right} of ${fresh.length} new drawings are described word for word`);
for (const [t, word] of written[0].attention!.words.entries()) {
  // Where it looked in the 4 × 4 places, row by row.
  const seen = written[0].attention!.weights[t].map((weight) => (weight > 0.3 ? '#' : weight > 0.1 ? '+' : '.'));
  console.log(`${word.padEnd(7)} ${[0, 4, 8, 12].map((from) => seen.slice(from, from + 4).join('')).join(' ')}`);
}
device.close();
