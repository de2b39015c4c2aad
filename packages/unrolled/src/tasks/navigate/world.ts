import { DataError } from '../../errors.ts';
import { type Angle, actions, ahead, angles, moved, type Pose, showPose, turned } from './pose.ts';

export interface Place {
  readonly x: number;
  readonly y: number;
  /** What stands there; '' for nothing. */
  readonly item: string;
}

/** A step between neighbouring places, in both directions. */
export interface Path {
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  readonly floor: string;
  readonly wall: string;
}

/** A map as plain data. */
export interface WorldMap {
  readonly name: string;
  readonly places: readonly Place[];
  readonly paths: readonly Path[];
}

const keyOf = (x: number, y: number): string => `${x},${y}`;

/** A map in which one can walk. */
export class World {
  readonly map: WorldMap;
  readonly #places = new Map<string, Place>();
  readonly #paths = new Map<string, Path>();

  /** @throws DataError on a place that is there twice, or a path between places that are no neighbours or not on the map */
  constructor(map: WorldMap) {
    this.map = map;
    for (const place of map.places) {
      const key = keyOf(place.x, place.y);
      if (this.#places.has(key)) throw new DataError(`map ${map.name}: place ${key} is there twice`, { place: key });
      this.#places.set(key, place);
    }
    for (const path of map.paths) {
      const [from, to] = [keyOf(...path.from), keyOf(...path.to)];
      const missing = [from, to].find((end) => !this.#places.has(end));
      if (missing !== undefined) {
        throw new DataError(
          `map ${map.name}: the path ${from} – ${to} ends at ${missing}, which is no place of the map; add it, or remove the path`,
          { from, to },
        );
      }
      if (Math.abs(path.from[0] - path.to[0]) + Math.abs(path.from[1] - path.to[1]) !== 1) {
        throw new DataError(
          `map ${map.name}: the path ${from} – ${to} must join neighbouring places; divide it into steps of 1`,
          { from, to },
        );
      }
      for (const [a, b] of [
        [from, to],
        [to, from],
      ]) {
        this.#paths.set(`${a} ${b}`, path);
      }
    }
  }

  get name(): string {
    return this.map.name;
  }

  placeAt({ x, y }: { readonly x: number; readonly y: number }): Place | null {
    return this.#places.get(keyOf(x, y)) ?? null;
  }

  /** The path that leaves a place in a direction; null where there is none. */
  pathFrom(place: { readonly x: number; readonly y: number }, angle: Angle): Path | null {
    const next = ahead(place, angle);
    return this.#paths.get(`${keyOf(place.x, place.y)} ${keyOf(next.x, next.y)}`) ?? null;
  }

  /** The floor of most paths that leave a place; of equals the first to the north, east, south, west. Null without paths. */
  floorAt(place: { readonly x: number; readonly y: number }): string | null {
    const floors = angles.flatMap((angle) => this.pathFrom(place, angle)?.floor ?? []);
    const countOf = (floor: string): number => floors.filter((one) => one === floor).length;
    return floors.reduce<string | null>(
      (best, floor) => (best && countOf(best) >= countOf(floor) ? best : floor),
      null,
    );
  }

  /** The actions possible at a pose, in the order of `actions`: all but `forward` where there is no path. */
  possible({ angle, ...place }: Pose): readonly boolean[] {
    return actions.map((action) => action !== 'forward' || this.pathFrom(place, angle) !== null);
  }

  /**
   * The places ahead in a straight line, nearest first, with the path to each.
   * @param angle  where to look
   */
  view(from: { readonly x: number; readonly y: number }, angle: Angle): { place: Place; path: Path }[] {
    const seen: { place: Place; path: Path }[] = [];
    let place: { readonly x: number; readonly y: number } = from;
    for (let path = this.pathFrom(place, angle); path !== null; path = this.pathFrom(place, angle)) {
      place = ahead(place, angle);
      seen.push({ place: this.placeAt(place)!, path });
    }
    return seen;
  }

  /** The fewest actions, turns included, from each pose to a goal, by `showPose`; poses from which there is no way are left out. */
  distancesTo(goal: Pose): ReadonlyMap<string, number> {
    const found = new Map([[showPose(goal), 0]]);
    let front = [goal];
    for (let distance = 1; front.length > 0; distance++) {
      const next: Pose[] = [];
      for (const pose of front) {
        const back = { ...ahead(pose, turned(pose.angle, 180)), angle: pose.angle };
        const before = [moved(pose, 'left'), moved(pose, 'right'), ...(this.pathFrom(back, back.angle) ? [back] : [])];
        for (const one of before) {
          if (found.has(showPose(one))) continue;
          found.set(showPose(one), distance);
          next.push(one);
        }
      }
      front = next;
    }
    return found;
  }

  /**
   * The fewest actions, turns included, from one pose to another: a shortest path. Null if there is no way.
   * @param isGoal  such as `(pose) => samePlace(pose, end)`
   */
  shortest(start: Pose, isGoal: (pose: Pose) => boolean): readonly number[] | null {
    const seen = new Set([showPose(start)]);
    let front: { pose: Pose; taken: readonly number[] }[] = [{ pose: start, taken: [] }];
    while (front.length > 0) {
      const next: typeof front = [];
      for (const { pose, taken } of front) {
        if (isGoal(pose)) return taken;
        const possible = this.possible(pose);
        for (const [id, action] of actions.entries()) {
          const after = moved(pose, action);
          if (!possible[id] || seen.has(showPose(after))) continue;
          seen.add(showPose(after));
          next.push({ pose: after, taken: [...taken, id] });
        }
      }
      front = next;
    }
    return null;
  }
}
