import { Random } from '../../random.ts';
import { type Action, moved, type Pose, turned } from './pose.ts';
import type { Route } from './routes.ts';
import type { World } from './world.ts';

/** Pairs of colour and shape that only the test mentions. */
export const heldPairs: readonly string[] = ['red cone', 'green ring', 'blue ball', 'yellow box', 'purple cone'];

export interface RoutesOptions {
  readonly seed: number;
  readonly count: number;
  /** Things that may be mentioned: all, all but `heldPairs`, or those alone. Default 'all'. */
  readonly mention?: 'all' | 'known' | 'held' | undefined;
  /** Parts of an instruction at most. Default 3. */
  readonly parts?: number | undefined;
}

/** A part of an instruction: its words, and what it asks for. */
interface Part {
  readonly text: string;
  readonly taken: readonly Action[];
  /** Whether it mentions a thing. */
  readonly mentions: boolean;
}

const numbers = ['one step', 'two steps', 'three steps'] as const;

/**
 * Instructions in a world, each of one to three parts, with the path that they ask for; the same for a seed. Parts turn, walk
 * some steps, walk to the end, walk to a thing straight ahead or onto a floor, or turn until
 * they face a thing.
 */
export function makeRoutes(world: World, { seed, count, mention = 'all', parts: most = 3 }: RoutesOptions): Route[] {
  const random = new Random(seed).fork(world.name);
  const routes: Route[] = [];
  for (let attempt = 0; routes.length < count && attempt < 400 * count; attempt++) {
    const place = world.map.places[random.below(world.map.places.length)];
    const start: Pose = { x: place.x, y: place.y, angle: turned(0, 90 * random.below(4)) };
    const path = [start];
    const texts: string[] = [];
    let mentions = false;
    for (let k = 1 + random.below(most); k > 0; k--) {
      const choices = partsAt(world, path.at(-1)!, mention, random);
      if (choices.length === 0) break;
      const part = choices[random.below(choices.length)];
      texts.push(part.text);
      mentions ||= part.mentions;
      for (const action of part.taken) path.push(moved(path.at(-1)!, action));
    }
    if (texts.length === 0 || (mention === 'held' && !mentions)) continue;
    const joined = texts.reduce((text, next) => `${text}${pick(random, [' and ', ', then ', ' and then '])}${next}`);
    routes.push({ map: world.name, id: String(routes.length + 1), text: joined, path, paragraph: false });
  }
  return routes;
}

const pick = <One>(random: Random, list: readonly One[]): One => list[random.below(list.length)];

/** One part of each kind that is possible at a pose. */
function partsAt(world: World, pose: Pose, mention: string, random: Random): Part[] {
  const part = (text: string, taken: readonly Action[], mentions = false): Part => ({ text, taken, mentions });
  const forward = (n: number): Action[] => new Array<Action>(n).fill('forward');
  const may = (item: string): boolean =>
    item !== '' && (mention === 'all' || heldPairs.includes(item) === (mention === 'held'));
  const ahead = world.view(pose, pose.angle);
  const found: Part[] = [
    part(pick(random, ['turn left', 'turn to the left', 'make a left']), ['left']),
    part(pick(random, ['turn right', 'turn to the right', 'make a right']), ['right']),
    part(pick(random, ['turn around', 'face the other way']), ['right', 'right']),
  ];
  const go = (): string => pick(random, ['go', 'walk', 'move']);
  if (ahead.length > 0) {
    const n = 1 + random.below(Math.min(numbers.length, ahead.length));
    found.push(part(`${go()} ${pick(random, ['forward ', 'ahead ', ''])}${numbers[n - 1]}`, forward(n)));
    found.push(
      part(
        `${go()} ${pick(random, ['until the wall', 'straight on to the end', 'as far as you can'])}`,
        forward(ahead.length),
      ),
    );
    const floors = [world.floorAt(pose)!, ...ahead.map(({ place }) => world.floorAt(place)!)];
    const next = floors.findIndex((floor, i) => floor !== 'grey' && floors.indexOf(floor) === i && i > 0);
    if (next > 0) {
      const until = pick(random, ['until you are on', 'until you reach', 'onto']);
      found.push(part(`${go()} ${until} the ${floors[next]} floor`, forward(next)));
    }
  }
  // The first of its kind in a line is the one that is meant.
  const things = ahead.map(({ place }) => place.item);
  const reached = things.findIndex((item) => may(item));
  if (reached >= 0 && things.indexOf(things[reached]) === reached) {
    found.push(
      part(`${go()} ${pick(random, ['to', 'up to', 'over to'])} the ${things[reached]}`, forward(reached + 1), true),
    );
  }
  // Whoever sees only ahead has to turn until it comes into view.
  const [way, by] = pick(random, [
    ['left', -90],
    ['right', 90],
  ] as const);
  const sides = [1, 2, 3].map((n) => world.view(pose, turned(pose.angle, n * by)).map(({ place }) => place.item));
  const faced = sides.flatMap((items, n) =>
    items.filter((item) => may(item) && !things.includes(item)).map((item) => ({ item, n })),
  );
  if (faced.length > 0) {
    const { item } = pick(random, faced);
    const turns = 1 + sides.findIndex((items) => items.includes(item));
    const until = pick(random, ['until you see', 'until you face', 'to']);
    found.push(part(`turn ${way} ${until} the ${item}`, new Array<Action>(turns).fill(way), true));
  }
  found.push(...found.filter(({ mentions }) => mentions));
  return mention === 'held' ? found.filter(({ mentions }) => mentions || random.uniform() < 0.5) : found;
}
