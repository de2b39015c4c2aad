import type { Random } from '../../random.ts';

/** What shapes do in generated videos. */
export const actions = ['enter', 'leave', 'collide', 'orbit', 'follow', 'swap'] as const;
export type Action = (typeof actions)[number];

/** Where shapes move, in pixels. */
export interface Field {
  readonly width: number;
  readonly height: number;
  readonly radius: number;
}

type Point = readonly [x: number, y: number];

/** How one or two shapes move while the time goes from 0 to 1. */
export interface Motion {
  readonly actors: 1 | 2;
  /** The place of each. */
  at(time: number): readonly Point[];
}

const between = (random: Random, low: number, high: number): number => low + (high - low) * random.uniform();
const along = ([x, y]: Point, [u, v]: Point, share: number): Point => [x + (u - x) * share, y + (v - y) * share];

/** A place inside of the field. */
const inside = ({ width, height, radius }: Field, random: Random): Point => [
  between(random, 1.5 * radius, width - 1.5 * radius),
  between(random, 1.2 * radius, height - 1.2 * radius),
];

/** The centre of a pair whose members are up to `reach` away from it. */
const centreOf = ({ width, height }: Field, reach: number, random: Random): Point => [
  between(random, Math.min(reach, width / 2), Math.max(width - reach, width / 2)),
  between(random, Math.min(reach, height / 2), Math.max(height - reach, height / 2)),
];

/** From outside of the field, left or right, to a place in it. */
function entrance(field: Field, random: Random): readonly [from: Point, to: Point] {
  const to = inside(field, random);
  const left = random.uniform() < 0.5;
  return [[left ? -field.radius : field.width + field.radius, between(random, 0, field.height)], to];
}

/** A direction that is rather level than steep, since rows may be low. */
const slope = (random: Random): Point => {
  const angle = between(random, -0.5, 0.5) + (random.uniform() < 0.5 ? 0 : Math.PI);
  return [Math.cos(angle), Math.sin(angle)];
};

export const motions: Readonly<Record<Action, (field: Field, random: Random) => Motion>> = {
  enter(field, random) {
    const [from, to] = entrance(field, random);
    return { actors: 1, at: (time) => [along(from, to, time)] };
  },
  leave(field, random) {
    const [to, from] = entrance(field, random);
    return { actors: 1, at: (time) => [along(from, to, time)] };
  },
  /** Two come towards each other, touch, and bounce back. */
  collide(field, random) {
    const [dx, dy] = slope(random);
    const far = field.width / 2.4;
    const [x, y] = centreOf(field, far, random);
    return {
      actors: 2,
      at(time) {
        const distance = field.radius + (far - field.radius) * Math.abs(2 * time - 1);
        return [
          [x - dx * distance, y - dy * distance],
          [x + dx * distance, y + dy * distance],
        ];
      },
    };
  },
  /** The first goes round the second, more than half a turn. */
  orbit(field, random) {
    const wide = Math.min(field.width, field.height) / 2 - field.radius;
    const [x, y] = centreOf(field, wide + field.radius, random);
    const [begin, turn] = [
      between(random, 0, 2 * Math.PI),
      (random.uniform() < 0.5 ? -1 : 1) * between(random, 1.2, 2) * Math.PI,
    ];
    return {
      actors: 2,
      at: (time) => [
        [x + wide * Math.cos(begin + turn * time), y + wide * Math.sin(begin + turn * time)],
        [x, y],
      ],
    };
  },
  /** Both go the same way, the first behind the second. */
  follow(field, random) {
    const [dx, dy] = slope(random);
    const [x, y] = centreOf(field, field.width / 2.2, random);
    const reach = field.width * between(random, 0.2, 0.3);
    const gap = 1.4 * field.radius;
    return {
      actors: 2,
      at(time) {
        const way = reach * (2 * time - 1);
        return [
          [x + dx * (way - gap), y + dy * (way - gap)],
          [x + dx * (way + gap), y + dy * (way + gap)],
        ];
      },
    };
  },
  /** Each goes to the place of the other, past it on one side. */
  swap(field, random) {
    const [dx, dy] = slope(random);
    const far = field.width / 3;
    const [x, y] = centreOf(field, far, random);
    const aside = 1.1 * field.radius;
    return {
      actors: 2,
      at(time) {
        const [way, bow] = [far * (1 - 2 * time), aside * Math.sin(Math.PI * time)];
        return [
          [x - dx * way - dy * bow, y - dy * way + dx * bow],
          [x + dx * way + dy * bow, y + dy * way - dx * bow],
        ];
      },
    };
  },
};
