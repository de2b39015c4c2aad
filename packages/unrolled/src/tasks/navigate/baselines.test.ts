import { expect, test } from 'vitest';
import { DataError } from '../../errors.ts';
import { navigationBaselines } from './baselines.ts';
import { poses, smallMap } from './small-map.ts';

const routeOf = (path: ReturnType<typeof poses>) => ({
  ...{ map: 'Small', id: '1', text: 'go to the lamp', path, paragraph: false },
});
const direct = routeOf(poses([0, 0, 90], [1, 0, 90]));
/** The same end by way of a look around. */
const detour = routeOf(poses([0, 0, 90], [0, 0, 0], [0, 0, 90], [1, 0, 90]));

test('one random action of three possible ones arrives in a third of the walks', () => {
  const { randomWalk } = navigationBaselines({ maps: [smallMap], routes: [direct] }, { tries: 3000 });
  expect(Math.abs(randomWalk.success - 1 / 3)).toBeLessThan(0.04);
  expect(randomWalk.spl).toBeCloseTo(randomWalk.success, 12);
});

test('walks of three actions arrive as often as by enumeration, at a third of the shortest length', () => {
  const { randomWalk } = navigationBaselines({ maps: [smallMap], routes: [detour] }, { tries: 6000 });
  const expected = walksThatArrive(3);
  expect(Math.abs(randomWalk.success - expected)).toBeLessThan(0.03);
  expect(randomWalk.spl).toBeCloseTo(randomWalk.success / 3, 12);
});

test('the path of an instruction always arrives, and a shortest path has SPL 1', () => {
  const found = navigationBaselines({ maps: [smallMap], routes: [direct, detour] });
  expect(found.path).toEqual({ success: 1, spl: (1 + 1 / 3) / 2 });
  expect(found.shortestPath).toEqual({ success: 1, spl: 1 });
});

test('walks follow from the seed', () => {
  const walk = (seed: number) =>
    navigationBaselines({ maps: [smallMap], routes: [detour] }, { seed, tries: 1000 }).randomWalk;
  expect(walk(4)).toEqual(walk(4));
  expect(walk(4)).not.toEqual(walk(5));
});

test('without routes there is nothing to compare with', () => {
  expect(() => navigationBaselines({ maps: [smallMap], routes: [] })).toThrow(DataError);
});

/** By enumeration over places 0, 1, 2 of the hall, and directions; the middle has a way south, the ends have one way. */
function walksThatArrive(length: number): number {
  const open = new Set(['0,90', '1,90', '1,270', '2,270', '1,180']);
  const walk = (x: number, angle: number, left: number): number => {
    if (left === 0) return x === 1 && angle === 90 ? 1 : 0;
    const ways = [
      walk(x, (angle + 270) % 360, left - 1),
      walk(x, (angle + 90) % 360, left - 1),
      ...(open.has(`${x},${angle}`) ? [angle === 180 ? 0 : walk(x + (angle === 90 ? 1 : -1), angle, left - 1)] : []),
    ];
    return ways.reduce((total, one) => total + one, 0) / ways.length;
  };
  return walk(0, 90, length);
}
