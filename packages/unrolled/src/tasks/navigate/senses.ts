import { type Angle, type Pose, showPose, turned } from './pose.ts';
import type { World, WorldMap } from './world.ts';

/** The kinds of things that a model knows: plain data. What it does not know it does not see. */
export interface Kinds {
  readonly items: readonly string[];
  readonly floors: readonly string[];
  readonly walls: readonly string[];
}

/** All kinds in some maps. */
export function kindsIn(maps: readonly WorldMap[]): Kinds {
  const sorted = (names: readonly string[]): string[] => [...new Set(names)].filter((name) => name !== '').sort();
  return {
    items: sorted(maps.flatMap(({ places }) => places.map(({ item }) => item))),
    floors: sorted(maps.flatMap(({ paths }) => paths.map(({ floor }) => floor))),
    walls: sorted(maps.flatMap(({ paths }) => paths.map(({ wall }) => wall))),
  };
}

/** Numbers seen in one direction. */
const directionSize = ({ items, floors, walls }: Kinds): number =>
  1 + MOST + floors.length + walls.length + 2 * items.length + 2 * floors.length + 2;

/** Places that are told apart by their distance. */
const MOST = 4;

/** F, how many numbers `sensesAt` gives. */
export const sensesSize = (kinds: Kinds): number => 4 * directionSize(kinds) + kinds.items.length;

/**
 * What a walker sees, as a bag of features in its own frame (Mei, Bansal & Walter 2016): what stands where it is, and ahead,
 * to the right, behind and to the left each: whether there is a path, how far it goes, its floor and wall, what stands at the
 * next place and beyond, and the floors of the paths that cross there.
 */
export function sensesAt(world: World, pose: Pose, kinds: Kinds): readonly number[] {
  let known = cache.get(world);
  if (known?.kinds !== kinds) {
    known = { kinds, at: new Map() };
    cache.set(world, known);
  }
  const key = showPose(pose);
  let found = known.at.get(key);
  if (!found) {
    found = sense(world, pose, kinds);
    known.at.set(key, found);
  }
  return found;
}

/** What is seen in a world, which never changes. */
const cache = new WeakMap<World, { readonly kinds: Kinds; readonly at: Map<string, readonly number[]> }>();

function sense(world: World, { angle, ...at }: Pose, kinds: Kinds): number[] {
  const { items, floors, walls } = kinds;
  const bag = (known: readonly string[], seen: readonly string[]): number[] =>
    known.map((name) => Number(seen.includes(name)));
  const here = bag(items, [world.placeAt(at)?.item ?? '']);
  const crossing = (place: { x: number; y: number }, looking: Angle): string[] =>
    ([-90, 90] as const).flatMap((by) => world.pathFrom(place, turned(looking, by))?.floor ?? []);
  const directions = ([0, 90, 180, 270] as const).flatMap((by) => {
    const looking = turned(angle, by);
    const seen = world.view(at, looking);
    const [next, ...beyond] = seen;
    const cross = next ? crossing(next.place, looking) : [];
    const far = beyond.flatMap(({ place }) => crossing(place, looking));
    return [
      Number(next !== undefined),
      ...Array.from({ length: MOST }, (_, i) => Number(Math.min(seen.length, MOST) === i + 1)),
      ...bag(floors, next ? [next.path.floor] : []),
      ...bag(walls, next ? [next.path.wall] : []),
      ...bag(items, next ? [next.place.item] : []),
      ...bag(
        items,
        beyond.map(({ place }) => place.item),
      ),
      ...bag(floors, cross),
      ...bag(floors, far),
      Number(cross.length > 0),
      Number(far.length > 0),
    ];
  });
  return [...here, ...directions];
}
