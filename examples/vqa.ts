// Answers questions about drawings: "what color is the ring?". The network that sees learns with the one that reads, and a copy
// that never sees the drawing shows how far the questions alone lead.
//
//     node examples/vqa.ts

import { openDevice, Random } from 'unrolled';
import { Activation, Conv2d, Sequential } from 'unrolled/nn';
import { Answerer, answererTraining, evaluateAnswers, questionVocabulary } from 'unrolled/tasks/vqa';
import { train } from 'unrolled/train';

const random = new Random(1);
const colours = { red: [230, 40, 40], green: [40, 200, 60], blue: [50, 80, 240] };
const shapes = { square: /./, cross: /2/, ring: /[04]/ }; // of 5 × 5 pixels, by their columns and rows
const names = Object.keys(shapes) as (keyof typeof shapes)[];
const tints = Object.keys(colours) as (keyof typeof colours)[];

/** A drawing of 16 × 16 pixels with two different shapes in it, and questions about it. */
function drawing() {
  const data = new Uint8Array(16 * 16 * 3).fill(20);
  const [first, second] = random.permutation(3);
  const corners = [0, 1, 2, 3].map((i) => [2 + 7 * (i % 2), 2 + 7 * Math.floor(i / 2)]);
  const places = random.permutation(4);
  const shown = [first, second].map((shape, i) => {
    const colour = tints[random.below(3)];
    const [left, top] = corners[places[i]];
    for (let p = 0; p < 25; p++) {
      const [x, y] = [p % 5, Math.floor(p / 5)];
      if (shapes[names[shape]].test(`${x}${y}`)) data.set(colours[colour], 3 * (16 * (top + y) + left + x));
    }
    return { shape: names[shape], colour };
  });
  const asked = names[random.below(3)];
  const questions = [
    ...shown.map(({ shape, colour }) => ({ question: `what color is the ${shape}?`, answers: [colour] })),
    { question: `is there a ${asked}?`, answers: [shown.some(({ shape }) => shape === asked) ? 'yes' : 'no'] },
  ];
  return { image: { width: 16, height: 16, channels: 3 as const, data }, questions };
}

const device = await openDevice();
const [known, fresh] = [400, 100].map((count) => Array.from({ length: count }, drawing));
const see = new Conv2d({ channels: 48, kernel: 7, stride: 7, padding: 0 });
const answerer = new Answerer(device, {
  config: { cell: 'lstm', hidden: 48, layers: 1, embedding: 16, dropout: 0 },
  backbone: {
    config: new Sequential([see, new Activation({ kind: 'relu' })]).config,
    preprocessing: { size: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
    trained: true,
  },
  vocabulary: questionVocabulary(known.flatMap(({ questions }) => questions)),
});
const data = { views: known.map(({ image }) => image), questions: known.map(({ questions }) => questions) };
const task = answererTraining(answerer, data, { batch: 60, seed: 1 });
const optimizer = { method: 'adam' } as const;
for await (const event of train(task, { optimizer, learningRate: 0.01, schedule: 'cosine', clipNorm: 5, epochs: 30 })) {
  if (event.type === 'progress' && event.step % 100 === 0)
    console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}`);
}
const asked = fresh.flatMap(({ image, questions }) => questions.map((one) => ({ view: image, ...one })));
const scores = await evaluateAnswers(answerer, asked);
const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;
console.log(`${percent(scores.accuracy)} of ${scores.questions} answers about new drawings are right`);
console.log(
  `${percent(scores.withoutImage!)} without the image, ${percent(scores.withoutQuestion!)} without the question`,
);
const { image, questions } = fresh[0];
for (const { question, answers } of questions) {
  const [{ answer, attention }] = await answerer.predict([{ image, question }]);
  // Where it looked in the 2 × 2 places.
  const looked = attention!.weights[0].map((weight) => weight.toFixed(2)).join(' ');
  console.log(`${question} ${answer} (right: ${answers[0]}), looked at ${looked}`);
}
device.close();
