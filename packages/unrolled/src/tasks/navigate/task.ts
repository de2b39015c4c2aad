import { count } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { objectOf, optional, type Schema, text } from '../../schema.ts';
import type { Task } from '../task.ts';
import { poseSchema, worldMap } from './description.ts';
import { evaluateNavigator, type NavigationData, type NavigationScores, worldsOf } from './evaluate.ts';
import { type Followed, type FollowOptions, navigate } from './follow.ts';
import { Navigator } from './model.ts';
import { angles, type Pose, showPose } from './pose.ts';
import { World, type WorldMap } from './world.ts';

/** An instruction, and where it is followed. A text alone stands for itself on the model's own map, at its first place. */
export interface NavigatorInput {
  readonly text: string;
  /** A map, or the name of one that the model keeps. Default: its first. */
  readonly map?: string | WorldMap | undefined;
  /** Default: the first place of the map, facing its first path. */
  readonly start?: Pose | undefined;
}

export interface NavigatorAnswer extends Followed {
  readonly map: WorldMap;
}

export type NavigateTaskOptions = Pick<FollowOptions, 'beam' | 'maxActions'>;

const fields = objectOf<NavigatorInput>({
  text,
  map: optional((value, place) => (typeof value === 'string' ? value : worldMap(value, place))),
  start: optional(poseSchema),
});
const input: Schema<NavigatorInput> = (value, place) =>
  typeof value === 'string' ? { text: value } : fields(value, place);

/** Instructions to walks. */
export const navigateTask: Task<{
  model: Navigator;
  input: NavigatorInput;
  options: NavigateTaskOptions;
  answer: NavigatorAnswer;
  data: NavigationData;
  evaluate: FollowOptions;
  evaluation: NavigationScores;
  explain: never;
  explanation: never;
}> = {
  name: 'navigate',
  open: (device, source, cell) => Navigator.load(device, source, cell),
  about: ({ maps }) => ({ maps: maps.map(({ name }) => name) }),
  input,
  options: { beam: count, maxActions: count },
  async predict(model, inputs, options) {
    const instructions = inputs.map((one) => instructionOf(model, one));
    const walks = await navigate([model], instructions, options);
    return walks.map((walk, i) => ({ ...walk, map: instructions[i].world.map }));
  },
  evaluate: evaluateNavigator,
};

function instructionOf({ maps }: Navigator, { text, map = maps[0]?.name ?? '', start }: NavigatorInput) {
  const world = typeof map === 'string' ? worldsOf(maps)(map) : new World(map);
  if (start && world.placeAt(start) === null) {
    throw new DataError(`navigate: the start ${showPose(start)} is no place of map ${world.name}`, { start });
  }
  return { text, world, start: start ?? firstPose(world) };
}

function firstPose(world: World): Pose {
  const [{ x, y }] = world.map.places;
  return { x, y, angle: angles.find((angle) => world.pathFrom({ x, y }, angle)) ?? 0 };
}
