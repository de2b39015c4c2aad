import { DataError } from '../../errors.ts';
import { inference } from '../../nn/layer.ts';
import { breathe } from '../../train/breathe.ts';
import { type FollowOptions, follow, type Instruction, navigate } from './follow.ts';
import { followedRoute, navigatorLoss } from './loss.ts';
import type { Navigator } from './model.ts';
import { type Pose, samePlace, samePose } from './pose.ts';
import type { Route } from './routes.ts';
import { World, type WorldMap } from './world.ts';

export interface NavigationData {
  readonly maps: readonly WorldMap[];
  readonly routes: readonly Route[];
}

export interface NavigationScores {
  /** Mean loss per action of single sentences, stops included, with teacher forcing, in nats; null without any. */
  readonly loss: number | null;
  /** Share of single sentences that end at the right place and face the right way; null without any. */
  readonly sentences: number | null;
  /** Share of paragraphs that end at the right place; null without any. */
  readonly paragraphs: number | null;
  /**
   * Success weighted by path length (Anderson 2018), over all routes: mean of success · l / max(l, taken), in actions, l those
   * of a shortest path to the end.
   */
  readonly spl: number;
  readonly routes: number;
}

/**
 * The world of each map, by its name in any case.
 * @throws DataError if there is no map of that name
 */
export function worldsOf(maps: readonly WorldMap[]): (name: string) => World {
  const worlds = new Map(maps.map((map) => [map.name.toLowerCase(), new World(map)]));
  return (name) => {
    const world = worlds.get(name.toLowerCase());
    if (world) return world;
    const there =
      maps.length === 0 ? '' : `; there ${maps.length === 1 ? 'is' : 'are'} ${maps.map((map) => map.name).join(', ')}`;
    throw new DataError(`navigate: there is no map '${name}'${there}; give its file, too`, { name });
  };
}

export interface EvaluateNavigatorOptions extends FollowOptions {
  /** Further models, whose probabilities are averaged with the first one's. Default: none. */
  readonly ensemble?: readonly Navigator[] | undefined;
}

/**
 * Follows the text of each route and scores where it ends: single sentences as they are, paragraphs sentence by sentence.
 * @throws DataError if there is no route, or a route's map is missing; the signal's reason if it is aborted
 */
export async function evaluateNavigator(
  navigator: Navigator,
  { maps, routes }: NavigationData,
  { ensemble = [], ...options }: EvaluateNavigatorOptions = {},
): Promise<NavigationScores> {
  if (routes.length === 0) throw new DataError('navigate: there are no routes to evaluate on');
  const navigators = [navigator, ...ensemble];
  const worldOf = worldsOf(maps);
  const instructionOf = ({ map, path, text }: Route): Instruction => ({ world: worldOf(map), start: path[0], text });
  const [singles, paragraphs] = [false, true].map((kind) => routes.filter(({ paragraph }) => paragraph === kind));
  const walked = await follow(navigators, singles.map(instructionOf), options);
  const passed = await navigate(navigators, paragraphs.map(instructionOf), options);
  const right = singles.map(({ path }, i) => samePose(path.at(-1)!, walked[i].poses.at(-1)!));
  const arrived = paragraphs.map(({ path }, i) => samePlace(path.at(-1)!, passed[i].poses.at(-1)!));
  const efficiencies = [
    ...singles.map((route, i) => (right[i] ? efficiency(worldOf(route.map), walked[i].poses, samePose) : 0)),
    ...paragraphs.map((route, i) => (arrived[i] ? efficiency(worldOf(route.map), passed[i].poses, samePlace) : 0)),
  ];
  return {
    loss: singles.length > 0 ? await lossOf(navigator, singles, worldOf, options) : null,
    sentences: share(right),
    paragraphs: share(arrived),
    spl: efficiencies.reduce((total, one) => total + one, 0) / routes.length,
    routes: routes.length,
  };
}

const share = (flags: readonly boolean[]): number | null =>
  flags.length > 0 ? flags.filter(Boolean).length / flags.length : null;

/** l / max(l, taken) of a walk that ended where it should; 1 where nothing was to be done, and nothing was. */
export function efficiency(world: World, poses: readonly Pose[], same: (a: Pose, b: Pose) => boolean): number {
  const end = poses.at(-1)!;
  const shortest = world.shortest(poses[0], (pose) => same(pose, end))!.length;
  const taken = poses.length - 1;
  return taken === 0 ? 1 : shortest / Math.max(shortest, taken);
}

async function lossOf(
  navigator: Navigator,
  routes: readonly Route[],
  worldOf: (name: string) => World,
  { batch = 128, signal }: FollowOptions,
): Promise<number> {
  const { device } = navigator;
  let [loss, count] = [0, 0];
  for (let from = 0; from < routes.length; from += batch) {
    await breathe(signal);
    const part = routes.slice(from, from + batch).map((route) => followedRoute(navigator, route, worldOf(route.map)));
    const found = await device.read(() => device.withoutGradients(() => navigatorLoss(navigator, part, inference)));
    loss += found.loss[0] * found.actions;
    count += found.actions;
  }
  return loss / count;
}
