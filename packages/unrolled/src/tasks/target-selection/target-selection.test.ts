import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { Random } from '../../random.ts';
import { encodeModel, storeModel } from '../../train/stored-model.ts';
import { train } from '../../train/train.ts';
import {
  evaluateTargets,
  type Game,
  gameVocabulary,
  mirrored,
  parseOneCommon,
  selectTargets,
  TargetSelector,
  type TargetSelectorConfig,
  targetTraining,
} from './index.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const line =
  '<input> 0.62 -0.395 0.5 -0.25 0.245 0.69 0.6 0.33 -0.485 0.15 0.6 -0.09 </input> <dialogue> YOU: a large one on the left ? <eos> ' +
  'THEM: yes , right of it <eos> <selection> </dialogue> <output> 2 </output>';

/** Games whose dots are three or four, and where someone names the darkest or the largest. */
function made(count: number, seed: number): Game[] {
  const random = new Random(seed);
  const number = (): number => 2 * random.uniform() - 1;
  return Array.from({ length: count }, (): Game => {
    const dots = Array.from({ length: 3 + random.below(2) }, () => ({
      ...{ x: number(), y: number(), size: number(), colour: number() },
    }));
    const [what, of] = random.uniform() < 0.5 ? (['darkest', 'colour'] as const) : (['largest', 'size'] as const);
    const values = dots.map((dot) => (of === 'colour' ? -dot[of] : dot[of]));
    const utterances = [
      { speaker: 'you', text: 'which one ?' },
      { speaker: 'them', text: `the ${what} one` },
    ] as const;
    return { dots, utterances, target: values.indexOf(Math.max(...values)) };
  });
}

const games = made(9, 1);
const config: TargetSelectorConfig = { cell: 'gru', hidden: 10, layers: 1, embedding: 5, dropout: 0 };
const selectorOf = (more: Partial<TargetSelectorConfig> = {}): TargetSelector =>
  new TargetSelector(device, gameVocabulary(games, 1), { ...config, ...more }, 2);

test('a line of OneCommon', () => {
  const [game, ...others] = parseOneCommon(`${line}\n\n${line}\r\n`, 'a.txt');
  expect(others).toHaveLength(1);
  expect(game.dots).toHaveLength(3);
  expect(game.dots[1]).toEqual({ x: 0.245, y: 0.69, size: 0.6, colour: 0.33 });
  expect(game.utterances).toEqual([
    { speaker: 'you', text: 'a large one on the left ?' },
    { speaker: 'them', text: 'yes , right of it' },
  ]);
  expect(game.target).toBe(2);
});

test('in the mirror left is right, in the dots and in the words; twice is the same', () => {
  const [game] = parseOneCommon(line);
  const other = mirrored(game);
  expect(other.dots.map(({ x }) => x)).toEqual(game.dots.map(({ x }) => -x));
  expect(other.utterances.map(({ text }) => text)).toEqual(['a large one on the right ?', 'yes , left of it']);
  expect(mirrored(other)).toEqual(game);
});

describe.each([
  ['nothing', '', /no games found/],
  ['other text', 'hello', /line 1: <input>/],
  ['no output', line.replace(/<output>.*/, ''), /<output>/],
  ['a dot that is not there', line.replace('<output> 2', '<output> 3'), /0 to 2/],
  ['a number that is none', line.replace('0.62', 'x'), /four numbers/],
  ['a number too few', line.replace('0.62', ''), /four numbers/],
  ['words of nobody', line.replace('THEM:', 'WE:'), /YOU: or THEM:/],
])('a file with %s', (_, text, message) => {
  test('is refused by name', () => {
    expect(() => parseOneCommon(text, 'a.txt')).toThrow(DataError);
    expect(() => parseOneCommon(text, 'a.txt')).toThrow(message);
  });
});

describe('a choice', () => {
  const selector = selectorOf();

  test('does not depend on the other games, to the bit, however many dots they have', async () => {
    const all = await selectTargets(selector, games);
    for (const [i, game] of games.entries()) expect(await selectTargets(selector, [game])).toEqual([all[i]]);
  });

  test('has probabilities that sum to 1, one a dot, and weights of words that do', async () => {
    for (const [i, { probabilities, attention, target }] of (await selectTargets(selector, games)).entries()) {
      expect(probabilities).toHaveLength(games[i].dots.length);
      expect(probabilities.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 5);
      expect(probabilities[target]).toBe(Math.max(...probabilities));
      expect(attention!.weights).toHaveLength(attention!.words.length);
      expect(attention!.weights.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 5);
    }
  });

  test('does not depend on the order of the dots', async () => {
    const [{ probabilities }] = await selectTargets(selector, [games[0]]);
    const [turned] = await selectTargets(selector, [{ ...games[0], dots: [...games[0].dots].reverse() }]);
    for (const [i, one] of [...turned.probabilities].reverse().entries()) expect(one).toBeCloseTo(probabilities[i], 5);
  });

  test('without the dialogue depends on the dots alone', async () => {
    const blind = selectorOf({ dialogue: false });
    const [{ probabilities, attention }] = await selectTargets(blind, [games[0]]);
    expect(attention).toBeNull();
    const silent = { ...games[0], utterances: [] };
    expect((await selectTargets(blind, [silent]))[0].probabilities).toEqual(probabilities);
    expect((await selectTargets(selector, [silent]))[0].probabilities).toHaveLength(games[0].dots.length);
  });
});

test('the file of a model opens alone', async () => {
  const selector = selectorOf();
  const opened = TargetSelector.load(device, encodeModel(await storeModel(selector)));
  expect(await selectTargets(opened, games)).toEqual(await selectTargets(selector, games));
});

test('learns which dot is meant, on games it has not seen', async () => {
  const selector = new TargetSelector(device, gameVocabulary(games, 1), { ...config, hidden: 16 }, 1);
  const task = targetTraining(selector, made(256, 3), { batch: 32, seed: 1, validation: games });
  for await (const _ of train(task, { optimizer: { method: 'adam' }, learningRate: 0.02, clipNorm: 1, steps: 120 }));
  const { accuracy, chance, perplexity } = await evaluateTargets(selector, made(100, 5));
  expect(chance).toBeGreaterThan(0.25);
  expect(accuracy).toBeGreaterThan(0.8);
  expect(perplexity).toBeLessThan(1.4);
});

test('nothing to evaluate on, and sizes that cannot work', async () => {
  await expect(evaluateTargets(selectorOf(), [])).rejects.toThrow(DataError);
  expect(() => selectorOf({ hidden: 0 })).toThrow(ConfigError);
  expect(() => targetTraining(selectorOf(), [], { batch: 1, seed: 1 })).toThrow(DataError);
});
