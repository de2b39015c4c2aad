import { DataError } from '../../errors.ts';
import { Random } from '../../random.ts';
import { efficiency, type NavigationData, worldsOf } from './evaluate.ts';
import { actions, moved, type Pose, posesAlong, samePlace, samePose } from './pose.ts';
import type { Route } from './routes.ts';
import type { World } from './world.ts';

/** How often a walker ends where it should, and success weighted by path length; see `NavigationScores`. */
export interface Walked {
  readonly success: number;
  readonly spl: number;
}

export interface NavigationBaselines {
  /** As many actions as the path has, drawn uniformly from those possible. */
  readonly randomWalk: Walked;
  /** Exactly the path of the instruction, which need not be a shortest one. */
  readonly path: Walked;
  /** A shortest path to the end: what knows the goal. SPL is 1. */
  readonly shortestPath: Walked;
}

export interface NavigationBaselineOptions {
  /** Of the random walks. Default 1. */
  readonly seed?: number | undefined;
  /** Random walks for each route. Default 20. */
  readonly tries?: number | undefined;
}

/**
 * What walkers reach that read no instruction: one that walks at random, and two that know the answer.
 * @throws DataError if there is no route, or a route's map is missing
 */
export function navigationBaselines(
  { maps, routes }: NavigationData,
  { seed = 1, tries = 20 }: NavigationBaselineOptions = {},
): NavigationBaselines {
  if (routes.length === 0) throw new DataError('navigate: there are no routes to evaluate on');
  const worldOf = worldsOf(maps);
  const random = new Random(seed);
  const scored = (walksOf: (route: Route, world: World) => readonly (readonly Pose[])[]): Walked => {
    const found = routes.map((route) => {
      const world = worldOf(route.map);
      const same = route.paragraph ? samePlace : samePose;
      const walks = walksOf(route, world);
      const arrived = walks.filter((walk) => same(route.path.at(-1)!, walk.at(-1)!));
      const spl = arrived.reduce((total, walk) => total + efficiency(world, walk, same), 0);
      return { success: arrived.length / walks.length, spl: spl / walks.length };
    });
    const mean = (of: (one: Walked) => number): number =>
      found.reduce((total, one) => total + of(one), 0) / found.length;
    return { success: mean(({ success }) => success), spl: mean(({ spl }) => spl) };
  };
  return {
    randomWalk: scored(({ path }, world) =>
      Array.from({ length: tries }, () => randomWalk(world, path[0], path.length - 1, random)),
    ),
    path: scored(({ path }) => [path]),
    shortestPath: scored(({ path, paragraph }, world) => [shortestWalk(world, path, paragraph ? samePlace : samePose)]),
  };
}

function randomWalk(world: World, start: Pose, length: number, random: Random): Pose[] {
  const poses = [start];
  for (let i = 0; i < length; i++) {
    const possible = world.possible(poses.at(-1)!);
    const choices = actions.filter((action, id) => action !== 'stop' && possible[id]);
    poses.push(moved(poses.at(-1)!, choices[random.below(choices.length)]));
  }
  return poses;
}

function shortestWalk(world: World, path: readonly Pose[], same: (a: Pose, b: Pose) => boolean): Pose[] {
  const taken = world.shortest(path[0], (pose) => same(pose, path.at(-1)!)) ?? [];
  return posesAlong(
    path[0],
    taken.map((id) => actions[id]),
  );
}
