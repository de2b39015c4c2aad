/**
 * Two players talk about dots; a model learns which one they mean, and chooses another when they say something else.
 *
 *     node examples/dialogue.ts
 */
import { openDevice } from 'unrolled';
import {
  type Dot,
  evaluateTargets,
  type Game,
  gameVocabulary,
  selectTargets,
  TargetSelector,
  targetTraining,
} from 'unrolled/tasks/target-selection';
import { train } from 'unrolled/train';

const meanings = { darkest: 'colour', smallest: 'size', leftmost: 'x', highest: 'y' } as const;
const number = (i: number): number => 2 * ((Math.abs(Math.sin(12.9898 * (i + 1))) * 43758.5453) % 1) - 1;
const dotsOf = (game: number): Dot[] =>
  Array.from({ length: 4 }, (_, i) => {
    const [x, y, size, colour] = [0, 1, 2, 3].map((k) => number(16 * game + 4 * i + k));
    return { x, y, size, colour };
  });

/** A player asks, and the other one answers. */
function gameOf(index: number): Game {
  const dots = dotsOf(index);
  const words = Object.keys(meanings) as (keyof typeof meanings)[];
  const word = words[index % words.length];
  const values = dots.map((dot) => dot[meanings[word]]);
  const utterances = [
    { speaker: 'you', text: 'which one?' },
    { speaker: 'them', text: `take the ${word} one` },
  ] as const;
  return { dots, utterances, target: values.indexOf(Math.min(...values)) };
}

const games = Array.from({ length: 600 }, (_, i) => gameOf(i));
const device = await openDevice();
const sizes = { cell: 'gru', hidden: 24, layers: 1, embedding: 8, dropout: 0 } as const;
const selector = new TargetSelector(device, gameVocabulary(games), sizes);
// In the mirror the leftmost one would be another.
const task = targetTraining(selector, games, { batch: 32, seed: 1, mirror: false });
for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 0.01, clipNorm: 1, steps: 220 })) {
  if (event.type === 'progress') console.log(`step ${event.step}: loss ${event.loss.toFixed(3)}`);
}

const others = Array.from({ length: 200 }, (_, i) => gameOf(1000 + i));
const { accuracy, chance } = await evaluateTargets(selector, others);
console.log(`${(100 * accuracy).toFixed(1)}% right on games it has not seen; guessing: ${100 * chance}%`);
for (const word of ['darkest', 'highest']) {
  const utterances = [{ speaker: 'them', text: `take the ${word} one` }] as const;
  const [{ target }] = await selectTargets(selector, [{ dots: dotsOf(5), utterances }]);
  console.log(`the ${word} one: dot ${target + 1}`);
}
device.close();
