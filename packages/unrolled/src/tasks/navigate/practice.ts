import { count, number, type Kinds as OptionKinds, oneOf, requireOptions } from '../../checks.ts';
import type { Context } from '../../nn/layer.ts';
import { drawnFrom, policyLoss } from '../../nn/reinforce.ts';
import { scale } from '../../ops/index.ts';
import type { Random } from '../../random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type ExampleOptions, exampleKinds, SupervisedTraining } from '../../train/supervised.ts';
import { type NavigationData, worldsOf } from './evaluate.ts';
import { actionLogits, followedActions, navigatorLoss } from './loss.ts';
import type { Navigator } from './model.ts';
import { actions } from './pose.ts';
import { type Lesson, oracleAction, type RewardOptions, type Rollout, returnOf, rollOut } from './rollout.ts';
import { type Route, requireOnMap } from './routes.ts';
import { validationOf } from './training.ts';

export const practices = ['student', 'reinforce'] as const;

export interface PracticeOptions extends ExampleOptions<Route>, RewardOptions {
  /**
   * - student: student forcing: walks by its own actions, and learns at each step the oracle's, which lead to the goal on a
   *   shortest path.
   * - reinforce: REINFORCE (Williams 1992): walks by its own actions, which become likelier the more reward the try earned.
   */
  readonly method: (typeof practices)[number];
  /** Tries of each route. With reinforce the mean of the other tries is the baseline. Default 4; student 1. */
  readonly tries?: number | undefined;
  /** Maximum number of actions in a try. Default 30. */
  readonly maxActions?: number | undefined;
  /** λ of the entropy of the model's choices, which keeps it trying (reinforce). Default 0.01. */
  readonly entropy?: number | undefined;
}

const from0 = number({ from: 0 });
const kinds: OptionKinds<PracticeOptions> = {
  ...exampleKinds,
  method: { ...oneOf(practices), optional: false },
  ...{ tries: count, maxActions: count, entropy: from0, progress: from0, arrival: from0, step: from0 },
};

/** A lesson, and the tries of it that belong to a batch. */
interface Practised extends Lesson {
  readonly walks?: readonly Rollout[];
}

/**
 * Goes on training a navigator that has learned by imitation, on walks of its own: each batch has tries of some instructions, of
 * which only the goal counts, not the path.
 *
 *     reinforce: −Σ_t (G − b) log p(action_t) − λ H_t; G the return of a try, b the mean of the other tries of the same route
 *
 * The draws depend on the seed and the position of the batch, and tries are made after the update before, so a resumed run ends
 * with the same bits.
 * @throws as `navigatorTraining`
 */
export function navigatorPractice(
  model: Navigator,
  { maps, routes }: NavigationData,
  options: PracticeOptions,
): SupervisedTraining<Practised> {
  requireOptions('navigatorPractice', options, kinds);
  const { method, validation = [], batch, seed, order } = options;
  const worldOf = worldsOf(maps);
  const lessonOf = (route: Route): Practised => {
    const world = worldOf(route.map);
    requireOnMap(world, route);
    const goal = route.path.at(-1)!;
    return { text: route.text, world, start: route.path[0], goal, distances: world.distancesTo(goal) };
  };
  const lossOf = method === 'student' ? studentLoss : reinforceLoss;
  return new SupervisedTraining<Practised>(
    {
      parameters: model.parameters,
      describe: () => model.describe(),
      loss: (lessons, context) => lossOf(model, lessons, context, options),
    },
    routes.map(lessonOf),
    {
      validation: validation.map(lessonOf),
      ...{ batch, seed, order },
      chanceLoss: Math.log(actions.length),
      lengthOf: ({ text }) => text.length,
      validate: (_, signal) => validationOf(model, { maps, routes: validation }, signal),
      act: (lessons, random) => tried(model, lessons, random, options),
    },
  );
}

const triesOf = ({ method, tries = method === 'student' ? 1 : 4 }: PracticeOptions): number => tries;

async function tried(
  model: Navigator,
  lessons: readonly Lesson[],
  random: Random,
  options: PracticeOptions,
): Promise<Practised[]> {
  const tries = triesOf(options);
  const repeated = lessons.flatMap((lesson) => new Array<Lesson>(tries).fill(lesson));
  const walks = await rollOut(model, repeated, options.maxActions ?? 30, random);
  return lessons.map((lesson, i) => ({ ...lesson, walks: walks.slice(i * tries, (i + 1) * tries) }));
}

const followedWalk = (model: Navigator, { lesson, actions: taken }: Rollout) =>
  followedActions(model, model.encode(lesson.text), lesson.start, taken, lesson.world);

/** The mean loss per action of the oracle's actions where the model walked. */
function studentLoss(model: Navigator, lessons: readonly Practised[], context: Context): Tensor {
  const walks = lessons.flatMap(({ walks = [] }) => walks);
  const targets = walks.map(({ lesson, poses }) => poses.slice(0, -1).map((pose) => oracleAction(lesson, pose)));
  const followed = walks.map((walk) => followedWalk(model, walk));
  return navigatorLoss(model, followed, context, targets).loss;
}

/** The mean over tries of Σ_t −(G − b) · log p(action_t) − λ H_t. */
function reinforceLoss(
  model: Navigator,
  lessons: readonly Practised[],
  _: Context,
  { entropy = 0.01, ...rewards }: PracticeOptions,
): Tensor {
  const walks = lessons.flatMap(({ walks = [] }) => walks);
  const advantages = lessons.flatMap(({ walks = [] }) => {
    const returns = walks.map((walk) => returnOf(walk, rewards));
    const total = returns.reduce((sum, one) => sum + one, 0);
    return returns.map((one) => one - (total - one) / Math.max(1, returns.length - 1));
  });
  const followed = walks.map((walk) => followedWalk(model, walk));
  // As in the tries: without dropout.
  const { logits, positions, shape } = actionLogits(model, followed, { training: false });
  const [, B] = shape;
  const { device } = logits;
  const taken = Int32Array.from(positions, (place) => followed[place % B].actions[Math.floor(place / B)]);
  const advantage = device.tensor(Float64Array.from(positions, (place) => advantages[place % B]));
  return scale(policyLoss(drawnFrom(logits, device.ids(taken)), advantage, entropy), 1 / walks.length);
}
