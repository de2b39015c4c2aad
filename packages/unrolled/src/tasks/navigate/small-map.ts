import { type Pose, turned } from './pose.ts';
import type { Route } from './routes.ts';
import type { WorldMap } from './world.ts';

/**
 * A map for tests: a hall of three places from west to east, from whose middle another leads south.
 *
 *     (0,0) – (1,0) lamp – (2,0)      blue floor
 *               |
 *             (1,1)                   brick floor
 *               |
 *             (1,2) chair
 */
export const smallMap: WorldMap = {
  name: 'Small',
  places: [
    { x: 0, y: 0, item: '' },
    { x: 1, y: 0, item: 'lamp' },
    { x: 2, y: 0, item: '' },
    { x: 1, y: 1, item: '' },
    { x: 1, y: 2, item: 'chair' },
  ],
  paths: [
    { from: [0, 0], to: [1, 0], floor: 'blue', wall: 'fish' },
    { from: [1, 0], to: [2, 0], floor: 'blue', wall: 'fish' },
    { from: [1, 0], to: [1, 1], floor: 'brick', wall: 'tower' },
    { from: [1, 1], to: [1, 2], floor: 'brick', wall: 'tower' },
  ],
};

export const poses = (...list: readonly (readonly [number, number, number])[]): Pose[] =>
  list.map(([x, y, angle]) => ({ x, y, angle: turned(0, angle) }));

const sentence = (id: string, text: string, path: readonly Pose[]): Route => ({
  ...{ map: 'Small', id, text, path, paragraph: false },
});

/** Three sentences of a paragraph, and the whole. */
export const smallRoutes: readonly Route[] = [
  sentence('7-1', 'go to the lamp', poses([0, 0, 90], [1, 0, 90])),
  sentence('7-2', 'turn right', poses([1, 0, 90], [1, 0, 180])),
  sentence('7-3', 'follow the brick to the chair', poses([1, 0, 180], [1, 1, 180], [1, 2, 180])),
  {
    ...sentence(
      '7',
      'go to the lamp. turn right. follow the brick to the chair.',
      poses([0, 0, 90], [1, 0, 90], [1, 0, 180], [1, 1, 180], [1, 2, 180]),
    ),
    paragraph: true,
  },
];
