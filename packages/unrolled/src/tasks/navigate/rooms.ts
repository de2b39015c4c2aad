import { count, type Kinds as OptionKinds, required, requireOptions, seed as seedKind } from '../../checks.ts';
import { Random } from '../../random.ts';
import type { Path, Place, WorldMap } from './world.ts';

export const colourNames = ['red', 'green', 'blue', 'yellow', 'purple'] as const;
export const shapeNames = ['ball', 'box', 'cone', 'ring'] as const;

export interface RoomsOptions {
  readonly seed: number;
  /** Rooms from west to east, and from north to south. Default 2 each. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  /** Things in each room. Default 5. */
  readonly things?: number | undefined;
}

const kinds: OptionKinds<RoomsOptions> = { seed: required(seedKind), columns: count, rows: count, things: count };

/** Places along a side of a room. */
const side = 4;

/**
 * A house of rooms of 4 × 4 places, each with a floor of its own colour, joined by doors, with things of a shape and a colour
 * (`red ball`) in them: the same house for a seed. All rooms can be reached.
 */
export function makeRooms(options: RoomsOptions): WorldMap {
  requireOptions('makeRooms', options, kinds);
  const { seed, columns = 2, rows = 2, things = 5 } = options;
  const random = new Random(seed).fork('rooms');
  const places: Place[] = [];
  const paths: Path[] = [];
  const step = side + 1;
  const rooms = Array.from({ length: columns * rows }, (_, i) => ({
    column: i % columns,
    row: Math.floor(i / columns),
  }));
  const floors = Array.from(random.permutation(colourNames.length), (i) => colourNames[i]);
  for (const [k, { column, row }] of rooms.entries()) {
    const [left, top] = [column * step, row * step];
    const floor = floors[k % floors.length];
    const items = new Map<number, string>();
    const spots = random.permutation(side * side);
    for (let i = 0; i < Math.min(things, side * side); i++) {
      items.set(
        spots[i],
        `${colourNames[random.below(colourNames.length)]} ${shapeNames[random.below(shapeNames.length)]}`,
      );
    }
    for (let i = 0; i < side * side; i++) {
      const [x, y] = [left + (i % side), top + Math.floor(i / side)];
      places.push({ x, y, item: items.get(i) ?? '' });
      if (i % side > 0) paths.push({ from: [x - 1, y], to: [x, y], floor, wall: 'white' });
      if (i >= side) paths.push({ from: [x, y - 1], to: [x, y], floor, wall: 'white' });
    }
    // A door to the room in the west and in the north: a place between the two, on grey.
    const doors = [...(column > 0 ? [[-1, 0]] : []), ...(row > 0 ? [[0, -1]] : [])];
    for (const [dx, dy] of doors) {
      // Never in a corner, where as many paths would be doors as floor.
      const at = 1 + random.below(side - 2);
      const [x, y] = dx !== 0 ? [left - 1, top + at] : [left + at, top - 1];
      places.push({ x, y, item: '' });
      paths.push({ from: [x + dx, y + dy], to: [x, y], floor: 'grey', wall: 'white' });
      paths.push({ from: [x, y], to: [x - dx, y - dy], floor: 'grey', wall: 'white' });
    }
  }
  return { name: `rooms-${seed}`, places, paths };
}
