import { describe, expect, test } from 'vitest';
import { DataError } from '../../errors.ts';
import { efficiency } from './evaluate.ts';
import { mirroredMap, mirroredRoute } from './mirror.ts';
import { parseNavigation } from './navigation-file.ts';
import { actions, moved, type Pose, samePlace, samePose, turned } from './pose.ts';
import { actionsAlong, requireOnMap, sentencesOf, wordsOf } from './routes.ts';
import { kindsIn, sensesAt, sensesSize } from './senses.ts';
import { poses, smallMap, smallRoutes } from './small-map.ts';
import { World } from './world.ts';

const world = new World(smallMap);
const [start] = poses([0, 0, 90]);
const walk = (from: Pose, taken: readonly number[]): Pose =>
  taken.reduce((pose, action) => moved(pose, actions[action]), from);

describe('poses', () => {
  test('four turns to one side, and a turn to each, change nothing', () => {
    for (const pose of poses([2, 3, 0], [2, 3, 270])) {
      expect(walk(pose, [1, 1, 1, 1])).toEqual(pose);
      expect(walk(pose, [1, 2])).toEqual(pose);
      expect(walk(pose, [0, 1, 1, 0, 1, 1])).toEqual(pose);
    }
    expect(turned(90, -450)).toBe(0);
  });

  test('to turn right from south is to face west', () => {
    expect(moved({ x: 3, y: 7, angle: 180 }, 'right')).toEqual({ x: 3, y: 7, angle: 270 });
    expect(moved({ x: 3, y: 7, angle: 270 }, 'forward')).toEqual({ x: 2, y: 7, angle: 270 });
  });
});

describe('a path and its actions', () => {
  test('the actions along a path lead along it', () => {
    for (const { path } of smallRoutes) expect(walk(path[0], actionsAlong(path))).toEqual(path.at(-1));
  });

  test('half a turn is two turns to the right; no move is a stop', () => {
    expect(actionsAlong(poses([1, 1, 90], [1, 1, 270]))).toEqual([2, 2, 3]);
    expect(actionsAlong(poses([1, 1, 90]))).toEqual([3]);
  });

  test('a step aside, or two at once, is an error with its place', () => {
    expect(() => actionsAlong(poses([0, 0, 0], [1, 0, 0]), 'here')).toThrow(/^here: step 1 goes from \(0, 0, 0\) to/);
    expect(() => actionsAlong(poses([0, 0, 90], [2, 0, 90]))).toThrow(DataError);
  });

  test('a path that leaves the map, or goes through a wall, is an error', () => {
    const route = smallRoutes[0];
    expect(() => requireOnMap(world, route)).not.toThrow();
    expect(() => requireOnMap(world, { ...route, path: poses([0, 0, 90], [0, 1, 180]) })).toThrow(
      /no place of map Small/,
    );
    const cut = new World({ ...smallMap, paths: smallMap.paths.slice(1) });
    expect(() => requireOnMap(cut, route)).toThrow(/step 1 .* where map Small has no path/);
  });
});

describe('a map', () => {
  test('a shortest path is possible, ends at the goal, and is no longer than any walk', () => {
    const goal = poses([1, 2, 0])[0];
    const found = world.shortest(start, (pose) => samePlace(pose, goal))!;
    expect(found.map((id) => actions[id])).toEqual(['forward', 'right', 'forward', 'forward']);
    let pose = start;
    for (const id of found) {
      expect(world.possible(pose)[id]).toBe(true);
      pose = moved(pose, actions[id]);
    }
    expect(world.shortest(start, (one) => samePose(one, start))).toEqual([]);
    expect(world.shortest(start, () => false)).toBeNull();
  });

  test('efficiency is 1 on a shortest path, and falls with every detour', () => {
    const detour = poses([0, 0, 90], [0, 0, 180], [0, 0, 90], [1, 0, 90]);
    expect(efficiency(world, smallRoutes[0].path, samePose)).toBe(1);
    expect(efficiency(world, detour, samePose)).toBeCloseTo(1 / 3);
    expect(efficiency(world, [start], samePose)).toBe(1);
    expect(efficiency(world, poses([0, 0, 90], [0, 0, 0], [0, 0, 90]), samePose)).toBe(0);
  });

  test.each([
    [{ ...smallMap.paths[0], to: [0, 1] as const }, /the path 0,0 – 0,1 ends at 0,1, which is no place/],
    [{ ...smallMap.paths[0], to: [2, 0] as const }, /must join neighbouring places/],
  ])('a broken path %# is an error', (path, message) => {
    expect(() => new World({ ...smallMap, paths: [path] })).toThrow(message);
    expect(() => new World({ ...smallMap, places: [...smallMap.places, smallMap.places[0]] })).toThrow(/there twice/);
  });
});

describe('what is seen', () => {
  const kinds = kindsIn([smallMap]);
  const size = (sensesSize(kinds) - kinds.items.length) / 4;
  /** The numbers of each direction, and those of the place itself. */
  const parts = (of: World, pose: Pose) => {
    const all = sensesAt(of, pose, kinds);
    const here = kinds.items.length;
    return [all.slice(0, here), ...[0, 1, 2, 3].map((d) => all.slice(here + d * size, here + (d + 1) * size))];
  };

  test('has the same length everywhere, and turns with the walker', () => {
    for (const { x, y } of smallMap.places) {
      for (const angle of [0, 90, 180, 270] as const) {
        const [here, ahead, right, behind, left] = parts(world, { x, y, angle });
        const turn = parts(world, { x, y, angle: turned(angle, 90) });
        expect(turn).toEqual([here, right, behind, left, ahead]);
      }
    }
  });

  test('what is ahead is told apart from what is beyond', () => {
    const [here, ahead, , behind] = parts(world, { x: 1, y: 0, angle: 180 });
    expect(here).toEqual([0, 1]);
    // A path, two steps long, on brick, between towers; a chair beyond the next place.
    expect(ahead.slice(0, 9)).toEqual([1, 0, 1, 0, 0, 0, 1, 0, 1]);
    expect(ahead.slice(9, 13)).toEqual([0, 0, 1, 0]);
    expect(behind.every((number) => number === 0)).toBe(true);
  });

  test('unknown kinds are not seen', () => {
    const odd = new World({ ...smallMap, places: smallMap.places.map((place) => ({ ...place, item: 'walrus' })) });
    const bare = new World({ ...smallMap, places: smallMap.places.map((place) => ({ ...place, item: '' })) });
    expect(parts(odd, start)).toEqual(parts(bare, start));
  });

  test('in the mirror left is right', () => {
    const mirrored = new World(mirroredMap(smallMap));
    for (const route of smallRoutes) {
      const other = mirroredRoute(route);
      expect(mirroredRoute({ ...other, map: route.map })).toEqual({ ...route, map: other.map });
      const swapped = actionsAlong(route.path).map((id) => [0, 2, 1, 3][id]);
      expect(actionsAlong(other.path)).toEqual(swapped);
      const [here, ahead, right, behind, left] = parts(world, route.path[0]);
      expect(parts(mirrored, other.path[0])).toEqual([here, ahead, left, behind, right]);
    }
    expect(mirroredRoute({ ...smallRoutes[0], text: 'Turn left, on the lefthand side right' }).text).toBe(
      'Turn right, on the righthand side left',
    );
  });
});

describe('texts', () => {
  test('a paragraph is cut into sentences, a text without words stays whole', () => {
    expect(sentencesOf(smallRoutes[3].text)).toEqual(smallRoutes.slice(0, 3).map(({ text }) => text));
    expect(sentencesOf(' . ')).toEqual(['.']);
    expect(wordsOf("The pink-flowered 'T', twice")).toEqual(['the', 'pink', 'flowered', "'t'", 'twice']);
  });
});

describe('files in the layout of SAIL', () => {
  const node = ({ x, y, item }: (typeof smallMap.places)[number]) => ({ _x: `${x}`, _y: `${y}`, _item: item });
  const edge = ({ from, to, floor, wall }: (typeof smallMap.paths)[number]) => ({
    ...{ _node1: from.join(), _node2: to.join(), _floor: floor, _wall: wall },
  });
  const mapFile = (change: object = {}) => ({
    map: {
      ...{ _name: 'Small', nodes: { node: smallMap.places.map(node) }, edges: { edge: smallMap.paths.map(edge) } },
      ...change,
    },
  });
  const example = (change: object = {}) => ({
    ...{
      _id: '7-1',
      _map: 'Small',
      instruction: { __text: '\n  go to\n the lamp ' },
      path: '[(0, 0, 90), (1, 0, 90)]',
    },
    ...change,
  });
  const read = (content: unknown) => parseNavigation(JSON.stringify(content), 'some.json');

  test('are read', () => {
    expect(read(mapFile())).toEqual({ maps: [smallMap], routes: [] });
    const own = { maps: [smallMap], routes: smallRoutes };
    expect(read(own)).toEqual(own);
    expect(read({ routes: smallRoutes })).toEqual({ maps: [], routes: smallRoutes });
    const found = read({
      examples: { example: [example(), example({ path: { __text: '[(0,0,90)]' }, _end: '(0, 0)' })] },
    });
    expect(found).toEqual({
      maps: [],
      routes: [smallRoutes[0], { ...smallRoutes[0], path: poses([0, 0, 90]), paragraph: true }],
    });
  });

  const wrong: readonly (readonly [string, RegExp])[] = [
    ['{', /^some\.json: is not JSON/],
    ['{}', /^some\.json: holds neither a map .* nor instructions/],
    ['null', /holds neither/],
    ['{"maps":[{}]}', /^some\.json\.maps\[0\]\.name must be text/],
    [JSON.stringify({ routes: [{ ...smallRoutes[0], path: [] }] }), /^some\.json\.routes\[0\]\.path must be a list/],
    [JSON.stringify(mapFile({ nodes: {} })), /^some\.json: map\.nodes\.node must be a list/],
    [
      JSON.stringify(mapFile({ nodes: { node: [{ _x: 'a', _y: '1' }] } })),
      /^some\.json: node 1: _x must be a whole number/,
    ],
    [JSON.stringify(mapFile({ edges: { edge: [{ _node1: '0,0', _node2: '1' }] } })), /edge 1: _node2 must be 'x,y'/],
    [
      JSON.stringify(mapFile({ edges: { edge: [{ _node1: '0,0', _node2: '0,1' }] } })),
      /^some\.json: map Small: the path/,
    ],
    ...[{ path: '[]' }, { path: '(1, 2)' }, { path: '(1, 2, 45)' }].map(
      (change) =>
        [JSON.stringify({ examples: { example: [example(change)] } }), /example 1: the path must be/] as const,
    ),
    [JSON.stringify({ examples: { example: [example({ instruction: ' ' })] } }), /example 1: has no instruction/],
    [JSON.stringify({ examples: { example: [example({ _map: undefined })] } }), /example 1: names no map/],
  ];
  test.each(wrong)('wrong ones %# are refused by name', (text, message) => {
    expect(() => parseNavigation(text, 'some.json')).toThrow(DataError);
    expect(() => parseNavigation(text, 'some.json')).toThrow(message);
  });
});
