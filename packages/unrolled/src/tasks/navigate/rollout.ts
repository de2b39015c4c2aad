import { greedySearch } from '../../decode/greedy.ts';
import { sampleToken } from '../../decode/sampling.ts';
import { tensorSearch } from '../../decode/tensor-step.ts';
import type { Random } from '../../random.ts';
import { type Instruction, stepsFor } from './follow.ts';
import type { Navigator } from './model.ts';
import { actions, moved, type Pose, posesAlong, STOP, showPose } from './pose.ts';

/** An instruction as it is practised: its goal is known. */
export interface Lesson extends Instruction {
  readonly goal: Pose;
  /** The fewest actions to the goal from each pose, by `showPose`. */
  readonly distances: ReadonlyMap<string, number>;
}

/** What was done in one try: the last action is `stop`, unless there were too many. */
export interface Rollout {
  readonly lesson: Lesson;
  readonly actions: readonly number[];
  /** Before each action, and after the last. */
  readonly poses: readonly Pose[];
}

/**
 * Walks by actions drawn from the model's probabilities, one try for each lesson.
 * @param limit  maximum number of actions
 */
export async function rollOut(
  model: Navigator,
  lessons: readonly Lesson[],
  limit: number,
  random: Random,
): Promise<Rollout[]> {
  const { read, step } = stepsFor([model], lessons);
  const randoms = lessons.map((_, i) => random.fork(String(i)));
  const choose = (scores: Float64Array, source: number): number => sampleToken(scores, randoms[source]);
  const options = { start: STOP, end: STOP, sources: lessons.length, maxLength: limit, choose };
  const found = await tensorSearch(model.device, read, step, (next, begin) => greedySearch(next, begin, options));
  return found.map(({ tokens, ended }, i) => {
    const taken = ended ? [...tokens, STOP] : [...tokens];
    const poses = posesAlong(
      lessons[i].start,
      taken.map((id) => actions[id]),
    );
    return { lesson: lessons[i], actions: taken, poses };
  });
}

/** The first action of a shortest path to the goal: that of the oracle. */
export function oracleAction({ world, goal, distances }: Lesson, pose: Pose): number {
  const distance = distances.get(showPose(pose)) ?? Number.POSITIVE_INFINITY;
  if (distance === 0 || !Number.isFinite(distance)) return STOP;
  const possible = world.possible(pose);
  const found = actions.findIndex(
    (action, id) =>
      possible[id] && (distances.get(showPose(moved(pose, action))) ?? Number.POSITIVE_INFINITY) < distance,
  );
  if (found < 0) throw new Error(`navigate: no way from ${showPose(pose)} to ${showPose(goal)}`);
  return found;
}

export interface RewardOptions {
  /** For each action that comes nearer to the goal by one; minus that for one that leads away. Default 0.1. */
  readonly progress?: number | undefined;
  /** For a stop at the goal. Default 1. */
  readonly arrival?: number | undefined;
  /** Price of each action. Default 0.02. */
  readonly step?: number | undefined;
}

/** The return of a try: progress and arrival, less the price of its actions. */
export function returnOf(
  { lesson: { distances }, actions: taken, poses }: Rollout,
  { progress = 0.1, arrival = 1, step = 0.02 }: RewardOptions = {},
): number {
  const distanceAt = (pose: Pose): number => distances.get(showPose(pose)) ?? 0;
  const stopped = taken.at(-1) === STOP;
  const left = distanceAt(poses.at(-1)!);
  const moves = taken.length - Number(stopped);
  return progress * (distanceAt(poses[0]) - left) + (stopped && left === 0 ? arrival : 0) - step * moves;
}
