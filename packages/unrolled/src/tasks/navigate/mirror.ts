import { turned } from './pose.ts';
import type { Route } from './routes.ts';
import type { WorldMap } from './world.ts';

/** The map in a mirror: west is east. Its name ends in ' (mirrored)'. */
export const mirroredMap = ({ name, places, paths }: WorldMap): WorldMap => ({
  name: mirroredName(name),
  places: places.map((place) => ({ ...place, x: -place.x })),
  paths: paths.map((path) => ({
    ...path,
    from: [-path.from[0], path.from[1]],
    to: [-path.to[0], path.to[1]],
  })),
});

/**
 * The same route in the mirrored map: left is right, in the path and in the words. Twice as many routes to learn from, at the
 * price of a few odd sentences ('right before the chair').
 */
export const mirroredRoute = ({ map, text, path, ...route }: Route): Route => ({
  ...route,
  map: mirroredName(map),
  text: text.replace(/\b(left|right)/gi, (word) => (word.toLowerCase() === 'left' ? 'right' : 'left')),
  path: path.map(({ x, y, angle }) => ({ x: -x, y, angle: turned(0, -angle) })),
});

const mirroredName = (name: string): string => `${name} (mirrored)`;
