// Answers questions about drawings: "what color is the ring?". A copy that never sees the drawing shows what questions alone give.
//
//     node examples/vqa.ts

import { openDevice, Random } from 'unrolled';
import { Activation, Conv2d, Sequential } from 'unrolled/nn';
import { Answerer, answererTraining, evaluateAnswers, questionVocabulary } from 'unrolled/tasks/vqa';
import { train } from 'unrolled/train';

const random = new Random(1);
const colours = { red: [230, 40, 40], green: [40, 200, 60], blue: [50, 80, 240] };
const shapes = { square: /./, cross: /2/, ring: /[04]/ }; // of 5 × 5 pixels, by their columns and rows
const [names, tints] = [['square', 'cross', 'ring'] as const, ['red', 'green', 'blue'] as const];

/** A drawing of 16 × 16 pixels with two different shapes in it, and questions about it. */
function drawing() {
  const data = new Uint8Array(16 * 16 * 3).fill(20);
  const places = random.permutation(4);
  const shown = [...random.permutation(3)].slice(0, 2).map((shape, i) => {
    const colour = tints[random.below(3)];
    const corner = 2 + 7 * (places[i] % 2) + 16 * (2 + 7 * Math.floor(places[i] / 2));
    for (let y = 0; y < 5; y++)
      for (let x = 0; x < 5; x++)
        if (shapes[names[shape]].test(`${x}${y}`)) data.set(colours[colour], 3 * (corner + 16 * y + x));
    return { shape: names[shape], colour };
  });
  const asked = names[random.below(3)];
  const found = shown.some(({ shape }) => shape === asked) ? 'yes' : 'no';
  const there = { question: `is there a ${asked}?`, answers: [found] };
  const colourOf = shown.map(({ shape, colour }) => ({ question: `what color is the ${shape}?`, answers: [colour] }));
  return { image: { width: 16, height: 16, channels: 3 as const, data }, questions: [...colourOf, there] };
}

const device = await openDevice();
const [known, fresh] = [400, 100].map((count) => Array.from({ length: count }, drawing));
const see = new Sequential([new Conv2d({ channels: 48, kernel: 7, stride: 7 }), new Activation({ kind: 'relu' })]);
const answerer = new Answerer(device, {
  config: { cell: 'lstm', hidden: 48, layers: 1, embedding: 16, dropout: 0 },
  backbone: { config: see.config, preprocessing: { size: 16, mean: [0.5, 0.5, 0.5], std: [1, 1, 1] }, trained: true },
  vocabulary: questionVocabulary(known.flatMap(({ questions }) => questions)),
});
const data = { views: known.map(({ image }) => image), questions: known.map(({ questions }) => questions) };
const task = answererTraining(answerer, data, { batch: 60, seed: 1 });
const options = { optimizer: { method: 'adam' }, learningRate: 0.01, schedule: 'cosine', epochs: 30 } as const;
for await (const event of train(task, options)) {
  if (event.type === 'progress' && event.step % 100 === 0) console.log(event.step, event.loss.toFixed(3));
}
const asked = fresh.flatMap(({ image, questions }) => questions.map((one) => ({ view: image, ...one })));
const scores = await evaluateAnswers(answerer, asked);
console.log(`${Math.round(100 * scores.accuracy)}% of ${scores.questions} answers about new drawings are right`);
console.log(`${Math.round(100 * scores.withoutImage!)}% without the image`);
for (const { view, question, answers } of asked.slice(0, 3)) {
  const [{ answer, attention }] = await answerer.predict([{ image: view, question }]);
  const looked = attention!.weights[0].map((weight) => weight.toFixed(2)).join(' '); // at each of the 2 × 2 places
  console.log(`${question} ${answer} (right: ${answers[0]}), looked at ${looked}`);
}
device.close();
