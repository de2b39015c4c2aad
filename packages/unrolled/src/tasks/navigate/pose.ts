/** 0: north (y falls), 90: east (x grows), 180: south, 270: west. */
export const angles = [0, 90, 180, 270] as const;
export type Angle = (typeof angles)[number];

/** Where a walker stands and which way it faces. */
export interface Pose {
  readonly x: number;
  readonly y: number;
  readonly angle: Angle;
}

/** What a walker can do; `stop` ends the walk. */
export const actions = ['forward', 'left', 'right', 'stop'] as const;
export type Action = (typeof actions)[number];

export const STOP = actions.indexOf('stop');

export const turned = (angle: Angle, by: number): Angle => ((((angle + by) % 360) + 360) % 360) as Angle;

/** The neighbouring place in a direction. */
export function ahead({ x, y }: { readonly x: number; readonly y: number }, angle: Angle): { x: number; y: number } {
  const [dx, dy] = { 0: [0, -1], 90: [1, 0], 180: [0, 1], 270: [-1, 0] }[angle];
  return { x: x + dx, y: y + dy };
}

/** The pose after an action, whether or not there is a path. */
export function moved(pose: Pose, action: Action): Pose {
  if (action === 'forward') return { ...ahead(pose, pose.angle), angle: pose.angle };
  if (action === 'stop') return pose;
  return { ...pose, angle: turned(pose.angle, action === 'left' ? -90 : 90) };
}

/** The poses of a walk: the start, and after each action. */
export function posesAlong(start: Pose, taken: readonly Action[]): Pose[] {
  const poses = [start];
  for (const action of taken) poses.push(moved(poses.at(-1)!, action));
  return poses;
}

export const samePlace = (a: Pose, b: Pose): boolean => a.x === b.x && a.y === b.y;
export const samePose = (a: Pose, b: Pose): boolean => samePlace(a, b) && a.angle === b.angle;

export const showPose = ({ x, y, angle }: Pose): string => `(${x}, ${y}, ${angle})`;
