import { padSequences } from '../../data/padding.ts';
import type { Context } from '../../nn/layer.ts';
import { activePositions } from '../../nn/lengths.ts';
import { crossEntropyLoss } from '../../nn/losses.ts';
import { add, embedding, reshape } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Navigator } from './model.ts';
import { actions, moved } from './pose.ts';
import { actionsAlong, type Route } from './routes.ts';
import { sensesAt, sensesSize } from './senses.ts';
import type { World } from './world.ts';

/** A route as training reads it: what was seen before each action, and the actions, `stop` included. */
export interface FollowedRoute {
  readonly words: readonly number[];
  readonly senses: readonly (readonly number[])[];
  readonly possible: readonly (readonly boolean[])[];
  readonly actions: readonly number[];
}

/** Follows a path through its world. @throws DataError if it is none */
export function followedRoute(navigator: Navigator, { text, path, id }: Route, world: World): FollowedRoute {
  const taken = actionsAlong(path, `route ${id}`);
  let pose = path[0];
  const poses = taken.map((action) => {
    const before = pose;
    pose = moved(pose, actions[action]);
    return before;
  });
  return {
    words: navigator.encode(text),
    senses: poses.map((one) => sensesAt(world, one, navigator.kinds)),
    possible: poses.map((one) => world.possible(one)),
    actions: taken,
  };
}

/** −10⁴ where an action is impossible, else 0; enough for a probability of 0, and finite, so that no gradient is NaN. */
export const penalties = (possible: readonly boolean[]): number[] => possible.map((can) => (can ? 0 : -1e4));

export const oneHot = (size: number, id: number): number[] => Array.from({ length: size }, (_, i) => Number(i === id));

/** The walker's last actions, one step behind; none before the first. */
export const lastAction = (id: number): number[] => oneHot(actions.length, id);

/**
 * The mean loss per action of these routes, with the right actions before it (teacher forcing), in nats.
 * @returns the loss and the number of actions, stops included
 */
export function navigatorLoss(
  navigator: Navigator,
  routes: readonly FollowedRoute[],
  context: Context,
): { loss: Tensor; actions: number } {
  const { device, network, kinds } = navigator;
  const { memory, state } = navigator.read(
    routes.map(({ words }) => words),
    context,
  );
  const A = actions.length;
  const grid = (width: number, of: (route: FollowedRoute) => readonly (readonly number[])[]) => {
    const { values, shape } = padSequences(
      routes.map((route) => of(route).flat()),
      { width },
    );
    return device.tensor(values, shape);
  };
  const targets = padSequences(routes.map((route) => route.actions));
  const [T, B] = targets.shape;
  const seen = {
    senses: grid(sensesSize(kinds), ({ senses }) => senses),
    last: grid(A, ({ actions: taken }) => taken.map((_, t) => lastAction(t === 0 ? -1 : taken[t - 1]))),
  };
  const blocked = grid(A, ({ possible }) => possible.map(penalties));
  const { vectors } = network.decoder.run(network.sense(seen, context), memory, state, context);
  const logits = add(network.decoder.logits(vectors), blocked);
  const positions = activePositions(targets.lengths, T);
  const active = embedding(reshape(logits, [T * B, A]), device.ids(positions));
  const right = device.ids(Int32Array.from(positions, (position) => targets.values[position]));
  return { loss: crossEntropyLoss(active, right), actions: positions.length };
}
