import { describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { Random } from '../../random.ts';
import type { Checkpoint } from '../../train/checkpoint.ts';
import { train } from '../../train/train.ts';
import { evaluateNavigator } from './evaluate.ts';
import { heldPairs, makeRoutes } from './instructions.ts';
import { knowledgeOf, Navigator } from './model.ts';
import { actions, ahead, moved, type Pose, samePose, showPose, turned } from './pose.ts';
import { navigatorPractice } from './practice.ts';
import { renderView, viewAt, viewSize } from './render.ts';
import { oracleAction, returnOf, rollOut } from './rollout.ts';
import { makeRooms } from './rooms.ts';
import { actionsAlong, requireOnMap } from './routes.ts';
import { poses, smallMap } from './small-map.ts';
import { World } from './world.ts';

const world = new World(makeRooms({ seed: 3 }));

describe('houses of rooms', () => {
  test('are the same for a seed, and all of a house can be reached', () => {
    expect(makeRooms({ seed: 3 })).toEqual(world.map);
    expect(makeRooms({ seed: 4 })).not.toEqual(world.map);
    for (const [columns, rows] of [
      [1, 1],
      [3, 1],
      [2, 3],
    ]) {
      const house = new World(makeRooms({ seed: 5, columns, rows, things: 2 }));
      const [{ x, y }] = house.map.places;
      expect(house.distancesTo({ x, y, angle: 0 }).size).toBe(4 * house.map.places.length);
      expect(house.map.places.filter(({ item }) => item !== '')).toHaveLength(2 * columns * rows);
    }
  });

  test('distances are those of shortest paths', () => {
    const [goal, ...others] = poses([1, 2, 90], [6, 7, 0], [0, 0, 270], [1, 2, 270]);
    const distances = world.distancesTo(goal);
    for (const pose of others) {
      expect(distances.get(showPose(pose))).toBe(world.shortest(pose, (one) => samePose(one, goal))!.length);
    }
  });
});

describe('instructions', () => {
  const routes = makeRoutes(world, { seed: 1, count: 150 });

  test('are the same for a seed, and possible', () => {
    expect(makeRoutes(world, { seed: 1, count: 150 })).toEqual(routes);
    expect(routes).toHaveLength(150);
    for (const route of routes) {
      expect(() => requireOnMap(world, route)).not.toThrow();
      expect(() => actionsAlong(route.path)).not.toThrow();
    }
    expect(new Set(routes.map(({ text }) => text)).size).toBeGreaterThan(100);
  });

  test('read by other rules they lead to the same place', () => {
    for (const { text, path } of routes) expect([text, readBack(text, path[0])]).toEqual([text, path.at(-1)]);
  });

  test('held-out pairs are mentioned only where they are asked for', () => {
    const mentions = (text: string): boolean => heldPairs.some((pair) => text.includes(pair));
    const many = new World(makeRooms({ seed: 8, things: 12 }));
    expect(makeRoutes(many, { seed: 1, count: 60, mention: 'known' }).some(({ text }) => mentions(text))).toBe(false);
    const held = makeRoutes(many, { seed: 1, count: 30, mention: 'held' });
    expect(held.length).toBeGreaterThan(20);
    expect(held.every(({ text }) => mentions(text))).toBe(true);
  });
});

/** Follows an instruction by its words alone: clause by clause, looking at the map only where one stands. */
function readBack(text: string, start: Pose): Pose {
  let pose = start;
  const floorAt = () => world.floorAt(pose);
  const itemAt = (at: { x: number; y: number }) => world.placeAt(at)?.item;
  const open = (): boolean => world.pathFrom(pose, pose.angle) !== null;
  const facing = (item: string): boolean => {
    let at = { ...pose };
    while (world.pathFrom(at, at.angle)) {
      at = { ...at, ...ahead(at, at.angle) };
      if (itemAt(at) === item) return true;
    }
    return false;
  };
  for (const clause of text.split(/,? (?:and then|then|and) /)) {
    const item = /(\w+ (?:ball|box|cone|ring))$/.exec(clause)?.[1];
    const side = /left|right/.exec(clause)?.[0];
    const floor = /(\w+) floor$/.exec(clause)?.[1];
    const steps = /(one|two|three) step/.exec(clause)?.[1];
    const turn = (by: number): void => {
      pose = { ...pose, angle: turned(pose.angle, by) };
    };
    if (item && side)
      do turn(side === 'left' ? -90 : 90);
      while (!facing(item));
    else if (side) turn(side === 'left' ? -90 : 90);
    else if (/around|other way/.test(clause)) turn(180);
    else {
      const end = steps ? ['one', 'two', 'three'].indexOf(steps) + 1 : Number.POSITIVE_INFINITY;
      for (let n = 0; n < end && open(); n++) {
        pose = moved(pose, 'forward');
        if ((item && itemAt(pose) === item) || (floor && floorAt() === floor)) break;
      }
    }
  }
  return pose;
}

describe('views', () => {
  /** The colour in the middle of the lower half. */
  const middle = (view: Uint8Array): number[] =>
    Array.from(view.subarray(3 * (viewSize * 14 + 12), 3 * (viewSize * 14 + 12) + 3));

  test('show a thing ahead in its colour, larger from nearby, and not from behind', () => {
    const house = new World({
      name: 'hall',
      places: [0, 1, 2, 3].map((x) => ({ x, y: 0, item: x === 3 ? 'red box' : '' })),
      paths: [0, 1, 2].map((x) => ({ from: [x, 0], to: [x + 1, 0], floor: 'blue', wall: 'white' })),
    });
    const reds = poses([0, 0, 90], [1, 0, 90], [2, 0, 90]).map((pose) => countOf(renderView(house, pose), isRed));
    expect(reds[0]).toBeGreaterThan(0);
    expect(reds[1]).toBeGreaterThan(reds[0]);
    expect(reds[2]).toBeGreaterThan(reds[1]);
    expect(countOf(renderView(house, { x: 2, y: 0, angle: 270 }), isRed)).toBe(0);
    expect(
      middle(renderView(house, { x: 2, y: 0, angle: 90 })).indexOf(
        Math.max(...middle(renderView(house, { x: 2, y: 0, angle: 90 }))),
      ),
    ).toBe(0);
  });

  test('of every pose of a house differ, nearly all, and are painted once', () => {
    const all = world.map.places.flatMap(({ x, y }) => ([0, 90] as const).map((angle) => ({ x, y, angle })));
    const views = all.map((pose) => viewAt(world, pose));
    expect(new Set(views.map((view) => view.join())).size).toBeGreaterThan(0.8 * all.length);
    expect(viewAt(world, all[5])).toBe(views[5]);
    expect(renderView(world, all[5])).toEqual(views[5]);
  });

  const isRed = ([r, g, b]: Uint8Array): boolean => r > 2 * g && r > 2 * b;
  const countOf = (view: Uint8Array, fits: (pixel: Uint8Array) => boolean): number =>
    Array.from({ length: viewSize * viewSize }, (_, i) => view.subarray(3 * i, 3 * i + 3)).filter(fits).length;
});

describe('practice', async () => {
  const device = await openDevice('wasm', { threads: 1 });
  const hall = new World(smallMap);
  const sizes = { cell: 'lstm', hidden: 8, layers: 1, embedding: 4, senses: 6, dropout: 0 } as const;
  const [start, goal] = poses([0, 0, 90], [1, 2, 180]);
  const path = [start, ...poses([1, 0, 90], [1, 0, 180], [1, 1, 180], [1, 2, 180])];
  const routes = [{ map: 'Small', id: '1', text: 'to the chair', path, paragraph: false }];
  const create = (view: 'features' | 'image'): Navigator =>
    new Navigator(device, knowledgeOf([smallMap], routes), { ...sizes, view }, 2);
  const lesson = { text: 'to the chair', world: hall, start, goal, distances: hall.distancesTo(goal) };

  test('the oracle walks a shortest path from everywhere', () => {
    for (const { x, y } of smallMap.places) {
      let pose: Pose = { x, y, angle: 270 };
      let steps = 0;
      for (let action = oracleAction(lesson, pose); actions[action] !== 'stop'; action = oracleAction(lesson, pose)) {
        pose = moved(pose, actions[action]);
        steps++;
      }
      expect([pose, steps]).toEqual([goal, lesson.distances.get(showPose({ x, y, angle: 270 }))]);
    }
  });

  test('tries walk where there are paths, with the same draws for a seed', async () => {
    const model = create('image');
    const tries = await rollOut(model, [lesson, lesson, lesson], 9, new Random(1));
    expect(await rollOut(model, [lesson, lesson, lesson], 9, new Random(1))).toEqual(tries);
    for (const { actions: taken, poses: passed } of tries) {
      expect(taken.length === 9 || taken.at(-1) === actions.indexOf('stop')).toBe(true);
      expect(passed.every((pose) => hall.placeAt(pose) !== null)).toBe(true);
    }
  });

  test('a return is progress and arrival less the price of the steps', () => {
    const walk = { lesson, actions: [...actionsAlong(path)], poses: [...path, path.at(-1)!] };
    expect(returnOf(walk, { progress: 0.1, arrival: 1, step: 0.02 })).toBeCloseTo(0.4 + 1 - 4 * 0.02);
    expect(returnOf({ lesson, actions: [3], poses: [start, start] })).toBe(0);
    expect(returnOf({ lesson, actions: [2], poses: [start, moved(start, 'right')] })).toBeLessThan(0);
  });

  test.each(['student', 'reinforce'] as const)('learns the way to the goal by %s', async (method) => {
    const model = create('features');
    const short = [{ ...routes[0], path: path.slice(0, 2) }];
    const practice = navigatorPractice(
      model,
      { maps: [smallMap], routes: short },
      { method, batch: 1, seed: 1, tries: 6, maxActions: 12 },
    );
    for await (const _ of train(practice, { optimizer: { method: 'adam' }, learningRate: 0.02, steps: 60, seed: 1 }));
    expect(await evaluateNavigator(model, { maps: [smallMap], routes: short })).toMatchObject({ sentences: 1, spl: 1 });
  });

  test('a practice that is resumed ends with the same bits', async () => {
    const run = async (resume: Checkpoint | null) => {
      const model = create('features');
      const options = { method: 'reinforce', batch: 1, seed: 1, maxActions: 6 } as const;
      const practice = navigatorPractice(model, { maps: [smallMap], routes: [...routes, ...routes] }, options);
      const kept: Checkpoint[] = [];
      const steps = { steps: 5, checkpointEvery: 3, resume, seed: 1 };
      for await (const event of train(practice, { optimizer: { method: 'adam' }, learningRate: 0.02, ...steps })) {
        if (event.type === 'checkpoint') kept.push(event.checkpoint);
      }
      return kept;
    };
    const [third, last] = await run(null);
    expect(third.trainer.step).toBe(3);
    expect((await run(third)).at(-1)!.parameters).toEqual(last.parameters);
  });
});
