import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { Random } from '../../random.ts';
import { train } from '../../train/train.ts';
import type { NavigatorConfig } from './config.ts';
import { evaluateNavigator } from './evaluate.ts';
import { follow, navigate } from './follow.ts';
import { knowledgeOf, Navigator } from './model.ts';
import { moved } from './pose.ts';
import { smallMap, smallRoutes } from './small-map.ts';
import { navigateTask } from './task.ts';
import { navigatorTraining } from './training.ts';
import { World } from './world.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const world = new World(smallMap);
const sizes = { cell: 'lstm', hidden: 12, layers: 1, embedding: 8, senses: 8, dropout: 0 } as const;
const data = { maps: [smallMap], routes: smallRoutes };
const sentences = smallRoutes.slice(0, 3);

/** A model whose parameters are large enough that everything in it counts. */
function create(config: Partial<NavigatorConfig> = {}, seed = 1): Navigator {
  const model = new Navigator(device, knowledgeOf([smallMap], sentences), { ...sizes, ...config }, seed);
  const random = new Random(seed);
  const { values } = model.parameters;
  device.backend.write(
    values,
    Float64Array.from({ length: values.size }, () => 0.7 * random.normal()),
  );
  return model;
}
const instructions = smallRoutes.map(({ text, path }) => ({ text, start: path[0], world }));

const configs: readonly Partial<NavigatorConfig>[] = [
  {},
  { feeding: 'context', cell: 'gru', layers: 2 },
  { multiLevel: false, lastAction: false, feeding: 'output' },
];

describe.each(configs)('a navigator %j', (config) => {
  const model = create(config);

  test('walks only where there are paths, and attends to the words with weights of sum 1', async () => {
    for (const beam of [1, 3]) {
      for (const { poses, actions, attention, words, ended } of await follow([model], instructions, {
        beam,
        maxActions: 9,
      })) {
        expect(actions.length).toBeLessThanOrEqual(9);
        expect(poses).toHaveLength(actions.length + (ended ? 0 : 1));
        for (const [i, pose] of poses.slice(1).entries()) {
          expect(actions[i] !== 'forward' || world.pathFrom(poses[i], poses[i].angle) !== null).toBe(true);
          expect(moved(poses[i], actions[i])).toEqual(pose);
        }
        for (const row of attention) {
          expect(row).toHaveLength(words.length);
          expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
        }
      }
    }
  });

  test('follows an instruction as it would alone, in any batch', async () => {
    const together = await follow([model], instructions, { beam: 2, maxActions: 7 });
    expect(await follow([model], instructions, { beam: 2, maxActions: 7, batch: 3 })).toEqual(together);
    for (const [i, one] of instructions.entries()) {
      expect(await follow([model], [one], { beam: 2, maxActions: 7 })).toEqual([together[i]]);
    }
  });

  test('scores a walk as the loss does', async () => {
    const walks = await follow([model], instructions, { maxActions: 6 });
    const ended = walks.flatMap((walk, i) =>
      walk.ended ? [{ walk, route: { ...smallRoutes[i], path: walk.poses } }] : [],
    );
    for (const { walk, route } of ended) {
      const { loss } = await evaluateNavigator(model, { maps: [smallMap], routes: [{ ...route, paragraph: false }] });
      expect(-loss! * walk.actions.length).toBeCloseTo(walk.logProbability, 4);
    }
  });
});

test('an ensemble of one model twice is that model', async () => {
  const model = create();
  const [one, twice] = [await follow([model], instructions), await follow([model, model], instructions)];
  expect(twice.map(({ poses }) => poses)).toEqual(one.map(({ poses }) => poses));
  twice.forEach(({ logProbability }, i) => {
    expect(logProbability).toBeCloseTo(one[i].logProbability, 4);
  });
});

test('a paragraph is its sentences in a row', async () => {
  const model = create();
  const [{ sentences: parts, poses }] = await navigate([model], [instructions[3]], { maxActions: 5 });
  expect(parts.map(({ words }) => words.join(' '))).toEqual(sentences.map(({ text }) => text));
  let start = instructions[3].start;
  for (const [i, part] of parts.entries()) {
    expect(await follow([model], [{ world, start, text: sentences[i].text }], { maxActions: 5 })).toEqual([part]);
    start = part.poses.at(-1)!;
  }
  expect(poses.at(-1)).toEqual(start);
});

test('learns its routes, those in the mirror, and a paragraph of them', async () => {
  const model = new Navigator(device, knowledgeOf([smallMap], sentences), { ...sizes, wordDropout: 0.05 }, 1);
  const task = navigatorTraining(model, { ...data, routes: sentences }, { validation: sentences, batch: 3, seed: 1 });
  let steps = 0;
  for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 0.02, steps: 120 })) {
    if (event.type === 'progress') steps = event.step;
  }
  expect(steps).toBe(120);
  expect(await evaluateNavigator(model, data)).toMatchObject({ sentences: 1, paragraphs: 1, spl: 1, routes: 4 });
  expect(await task.sample(1)).toMatch(/ → .*stop$/);
  const [answer] = await navigateTask.predict(model, [{ text: 'go to the lamp', start: instructions[0].start }]);
  expect(answer.sentences[0].actions).toEqual(['forward', 'stop']);
  expect(answer.map).toEqual(smallMap);
});

describe('wrong data are errors by name', () => {
  const model = create();
  test('a missing map', async () => {
    const routes = [{ ...smallRoutes[0], map: 'Elsewhere' }];
    expect(() => navigatorTraining(model, { maps: [smallMap], routes }, { batch: 1, seed: 1 })).toThrow(
      /there is no map 'Elsewhere'; there is Small; give its file, too/,
    );
    await expect(evaluateNavigator(model, { maps: [], routes })).rejects.toThrow(DataError);
    await expect(navigateTask.predict(model, [{ text: 'go', map: 'Elsewhere' }])).rejects.toThrow(DataError);
  });

  test('a start off the map, no routes, an unknown option', async () => {
    const start = { x: 9, y: 9, angle: 0 } as const;
    await expect(navigateTask.predict(model, [{ text: 'go', start }])).rejects.toThrow(
      /\(9, 9, 0\) is no place of map/,
    );
    await expect(evaluateNavigator(model, { maps: [smallMap], routes: [] })).rejects.toThrow(/no routes/);
    expect(() => create({ hiden: 3 } as never)).toThrow(ConfigError);
  });
});
