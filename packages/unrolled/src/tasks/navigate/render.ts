import { hashText } from '../../random.ts';
import { ahead, type Pose, showPose, turned } from './pose.ts';
import type { World } from './world.ts';

/** Rows and columns of a view. */
export const viewSize = 24;

type Colour = readonly [red: number, green: number, blue: number];

const colours: Readonly<Record<string, Colour>> = {
  red: [230, 50, 50],
  green: [60, 200, 70],
  blue: [60, 90, 240],
  yellow: [240, 220, 60],
  purple: [170, 70, 210],
  white: [240, 240, 240],
  grey: [120, 120, 120],
};

/** The colour that a name begins with ('red ball'), or one by its hash. */
export function colourOf(name: string): Colour {
  const [first] = name.split(' ');
  if (Object.hasOwn(colours, first)) return colours[first];
  const hash = hashText(name);
  return [60 + (hash % 180), 60 + ((hash >>> 8) % 180), 60 + ((hash >>> 16) % 180)];
}

/** The same as `renderView`, which is painted only once for each world and pose. */
export function viewAt(world: World, pose: Pose): Uint8Array {
  const known = cache.get(world) ?? new Map<string, Uint8Array>();
  cache.set(world, known);
  const key = showPose(pose);
  const found = known.get(key) ?? renderView(world, pose);
  known.set(key, found);
  return found;
}

const cache = new WeakMap<World, Map<string, Uint8Array>>();

/** How far one sees. */
const depth = 5;
/** The eye is in the middle of its place at half the height of the walls; what is nearer than this is not drawn. */
const near = 0.3;

/** A point relative to the eye: to the right, up and ahead, in steps between places. */
type Point = readonly [right: number, up: number, forward: number];

/**
 * What a walker sees, as an image `[viewSize, viewSize, 3]` of bytes: floors, walls where there is no path, and
 * things as balls, boxes, cones and rings in their colours, farther ones smaller and darker. Painted from far to near.
 */
export function renderView(world: World, pose: Pose): Uint8Array {
  const image = new Uint8Array(viewSize * viewSize * 3);
  const right = turned(pose.angle, 90);
  const paint = (points: readonly Point[], colour: Colour, distance: number): void => {
    const shade = Math.max(0.25, 1 - 0.14 * distance);
    fill(image, points.map(project), colour.map((one) => one * shade) as unknown as Colour);
  };
  const placeAt = (d: number, l: number): { x: number; y: number } => {
    let at: { x: number; y: number } = pose;
    for (let i = 0; i < d; i++) at = ahead(at, pose.angle);
    for (let i = 0; i < Math.abs(l); i++) at = ahead(at, l > 0 ? right : turned(right, 180));
    return at;
  };
  for (let d = depth; d >= 0; d--) {
    // From the sides to the middle, so that what is nearer to the line of sight is in front.
    const sideways = 1 + Math.floor(0.3 + 0.55 * d);
    for (let k = 2 * sideways; k >= 0; k--) {
      const l = (k % 2 === 0 ? 1 : -1) * Math.ceil(k / 2);
      const at = placeAt(d, l);
      const place = world.placeAt(at);
      if (place === null) continue;
      const paths = [pose.angle, right, turned(pose.angle, 180), turned(right, 180)].map((angle) =>
        world.pathFrom(at, angle),
      );
      const [from, to] = [Math.max(near, d - 0.5), d + 0.5];
      const [low, high] = [-0.5, 0.5];
      const wall = colourOf(paths.find((path) => path !== null)?.wall ?? 'grey').map(
        (one) => 0.45 * one,
      ) as unknown as Colour;
      paint(
        [
          [l - 0.5, low, from],
          [l + 0.5, low, from],
          [l + 0.5, low, to],
          [l - 0.5, low, to],
        ],
        colourOf(world.floorAt(at) ?? 'grey'),
        d,
      );
      const sides = [
        {
          open: paths[0],
          points: [
            [l - 0.5, low, to],
            [l + 0.5, low, to],
            [l + 0.5, high, to],
            [l - 0.5, high, to],
          ],
        },
        { open: l >= 0 ? paths[1] : paths[3], points: side(l + (l >= 0 ? 0.5 : -0.5), from, to) },
        {
          open: l > 0 ? paths[3] : l < 0 ? paths[1] : paths[3],
          points: side(l + (l > 0 ? -0.5 : l < 0 ? 0.5 : -0.5), from, to),
        },
      ] as const;
      for (const { open, points } of sides) if (open === null) paint(points as readonly Point[], wall, d);
      if (place.item !== '')
        for (const points of shapeOf(place.item, l, Math.max(d, 0.75))) paint(points, colourOf(place.item), d);
    }
  }
  return image;
}

const side = (l: number, from: number, to: number): readonly Point[] => [
  [l, -0.5, from],
  [l, -0.5, to],
  [l, 0.5, to],
  [l, 0.5, from],
];

/** Polygons of a thing: a ball, a box, a cone, or a ring by the last word of its name; anything else is a box. */
function shapeOf(item: string, l: number, d: number): readonly (readonly Point[])[] {
  const circle = (radius: number, n = 10): Point[] =>
    Array.from({ length: n }, (_, i) => {
      const angle = (2 * Math.PI * i) / n;
      return [l + radius * Math.cos(angle), -0.22 + radius * Math.sin(angle), d] as const;
    });
  const kind = item.split(' ').at(-1);
  if (kind === 'ball') return [circle(0.26)];
  if (kind === 'cone')
    return [
      [
        [l - 0.26, -0.48, d],
        [l + 0.26, -0.48, d],
        [l, 0.14, d],
      ],
    ];
  if (kind === 'ring') {
    const [outer, inner] = [circle(0.28, 12), circle(0.14, 12)];
    return outer.map((point, i) => [point, outer[(i + 1) % 12], inner[(i + 1) % 12], inner[i]]);
  }
  return [
    [
      [l - 0.22, -0.48, d],
      [l + 0.22, -0.48, d],
      [l + 0.22, -0.02, d],
      [l - 0.22, -0.02, d],
    ],
  ];
}

/** Column and row of a point on the image. */
const project = ([right, up, forward]: Point): readonly [column: number, row: number] => {
  const scale = viewSize / (1.1 * (forward + 0.5));
  return [viewSize / 2 + right * scale, viewSize / 2 - up * scale];
};

/** Fills a convex polygon: every pixel whose middle is inside. */
function fill(image: Uint8Array, points: readonly (readonly [number, number])[], colour: Colour): void {
  const rows = points.map(([, row]) => row);
  for (let y = Math.max(0, Math.floor(Math.min(...rows))); y <= Math.min(viewSize - 1, Math.max(...rows)); y++) {
    let [from, to] = [Infinity, -Infinity];
    points.forEach(([x1, y1], i) => {
      const [x2, y2] = points[(i + 1) % points.length];
      if (y1 > y + 0.5 === y2 > y + 0.5) return;
      const x = x1 + ((y + 0.5 - y1) / (y2 - y1)) * (x2 - x1);
      from = Math.min(from, x);
      to = Math.max(to, x);
    });
    for (let x = Math.max(0, Math.ceil(from - 0.5)); x <= Math.min(viewSize - 1, to - 0.5); x++) {
      for (let c = 0; c < 3; c++) image[(y * viewSize + x) * 3 + c] = colour[c];
    }
  }
}
