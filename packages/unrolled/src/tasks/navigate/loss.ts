import type { Context } from '../../nn/layer.ts';
import { activePositions } from '../../nn/lengths.ts';
import { crossEntropyLoss } from '../../nn/losses.ts';
import { add, embedding, reshape } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Navigator, Sight } from './model.ts';
import { actions, moved, type Pose } from './pose.ts';
import { actionsAlong, type Route } from './routes.ts';
import type { World } from './world.ts';

/** A route as training reads it: what was seen before each action, and the actions, `stop` included. */
export interface FollowedRoute {
  readonly words: readonly number[];
  readonly sights: readonly Sight[];
  readonly possible: readonly (readonly boolean[])[];
  readonly actions: readonly number[];
}

/** Follows a path through its world. @throws DataError if it is none */
export function followedRoute(navigator: Navigator, { text, path, id }: Route, world: World): FollowedRoute {
  const taken = actionsAlong(path, `route ${id}`);
  return followedActions(navigator, navigator.encode(text), path[0], taken, world);
}

/** The same of actions, as ids. */
export function followedActions(
  navigator: Navigator,
  words: readonly number[],
  start: Pose,
  taken: readonly number[],
  world: World,
): FollowedRoute {
  let pose = start;
  const poses = taken.map((action) => {
    const before = pose;
    pose = moved(pose, actions[action]);
    return before;
  });
  return {
    words,
    sights: poses.map((one) => navigator.see(world, one)),
    possible: poses.map((one) => world.possible(one)),
    actions: taken,
  };
}

/** −10⁴ where an action is impossible, else 0; enough for a probability of 0, and finite, so that no gradient is NaN. */
export const penalties = (possible: readonly boolean[]): number[] => possible.map((can) => (can ? 0 : -1e4));

/** Logits of the actions of routes, with the actions taken before each, one row for each action, `[N, A]`; see `positions`. */
export function actionLogits(
  navigator: Navigator,
  routes: readonly FollowedRoute[],
  context: Context,
): { readonly logits: Tensor; readonly positions: Int32Array; readonly shape: readonly [T: number, B: number] } {
  const { device, network } = navigator;
  const reading = navigator.read(
    routes.map(({ words }) => words),
    context,
  );
  const [A, B] = [actions.length, routes.length];
  const lengths = routes.map((route) => route.actions.length);
  const T = Math.max(...lengths);
  // Steps beyond the end of a row see what its first step does; none of them counts.
  const grid = <One>(of: (route: FollowedRoute, t: number) => One): One[] =>
    Array.from({ length: T * B }, (_, i) => of(routes[i % B], Math.floor(i / B)));
  const sights = grid(({ sights }, t) => sights[t] ?? sights[0]);
  const last = grid(({ actions: taken }, t) => (t === 0 ? -1 : (taken[t - 1] ?? -1)));
  const blocked = grid(({ possible }, t) => penalties(possible[t] ?? possible[0])).flat();
  const ys = network.sense(navigator.seen(sights, last, [T, B]), context);
  const { vectors } = network.decoder.run(ys, reading.memory, reading.state, context);
  const all = add(network.decoder.logits(vectors), device.tensor(blocked, [T, B, A]));
  const positions = activePositions(lengths, T);
  return { logits: embedding(reshape(all, [T * B, A]), device.ids(positions)), positions, shape: [T, B] };
}

/**
 * The mean loss per action of these routes, with the right actions before it (teacher forcing), in nats.
 * @param targets  of each route, ids of the right actions. Default: those that were taken
 * @returns the loss and the number of actions, stops included
 */
export function navigatorLoss(
  navigator: Navigator,
  routes: readonly FollowedRoute[],
  context: Context,
  targets: readonly (readonly number[])[] = routes.map((route) => route.actions),
): { loss: Tensor; actions: number } {
  const { logits, positions, shape } = actionLogits(navigator, routes, context);
  const [, B] = shape;
  const right = Int32Array.from(positions, (position) => targets[position % B][Math.floor(position / B)]);
  return { loss: crossEntropyLoss(logits, navigator.device.ids(right)), actions: positions.length };
}
