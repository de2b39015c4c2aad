import { Random } from 'unrolled';
import type { Image } from 'unrolled/images';

/** What the pictures show, in the order of the network's classes. */
export const shapeNames = ['circle', 'cross', 'ring', 'square', 'triangle'] as const;
export type ShapeName = (typeof shapeNames)[number];

/** Pixels of a side. */
export const shapeSide = 48;

/** Whether a place is inside of a shape of radius 1 around 0. */
const inside: Readonly<Record<ShapeName, (x: number, y: number) => boolean>> = {
  circle: (x, y) => Math.hypot(x, y) < 1,
  cross: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 1 && Math.min(Math.abs(x), Math.abs(y)) < 0.32,
  ring: (x, y) => Math.hypot(x, y) < 1 && Math.hypot(x, y) > 0.55,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.85,
  triangle: (x, y) => y < 0.75 && y > 1.9 * Math.abs(x) - 1,
};

type Colour = readonly number[];

/** A shape of random colour, size, turn and place among short strokes, on a ground that fades, with noise. */
export function shapePicture(name: ShapeName, random: Random): Image {
  const side = shapeSide;
  const colour = (): Colour => [0, 1, 2].map(() => 255 * random.uniform());
  const [from, to] = [colour(), colour()].map((one) => one.map((value) => 60 + 0.55 * value));
  const turn = 2 * Math.PI * random.uniform();
  const paint = distant(from, to, colour);
  const radius = side * (0.16 + 0.14 * random.uniform());
  const place = (): number => radius + 2 + (side - 2 * radius - 4) * random.uniform();
  const [cx, cy] = [place(), place()];
  const tilt = 0.5 * (random.uniform() - 0.5);
  const strokes = Array.from({ length: 5 }, () => ({
    ...{ x: side * random.uniform(), y: side * random.uniform(), angle: Math.PI * random.uniform() },
    ...{ length: 3 + 4 * random.uniform(), paint: colour() },
  }));
  const data = new Uint8Array(3 * side * side);
  for (let i = 0; i < side * side; i++) {
    const [x, y] = [i % side, Math.floor(i / side)];
    const share = 0.5 + (0.5 * ((x - side / 2) * Math.cos(turn) + (y - side / 2) * Math.sin(turn))) / side;
    let pixel: Colour = from.map((value, c) => value + share * (to[c] - value));
    for (const stroke of strokes) {
      const [dx, dy] = [x - stroke.x, y - stroke.y];
      const along = dx * Math.cos(stroke.angle) + dy * Math.sin(stroke.angle);
      const across = dy * Math.cos(stroke.angle) - dx * Math.sin(stroke.angle);
      if (Math.abs(along) < stroke.length && Math.abs(across) < 0.8) pixel = stroke.paint;
    }
    // Four places in each pixel, so that edges are smooth.
    let covered = 0;
    for (const [ox, oy] of corners) {
      const [u, v] = [(x + ox - cx) / radius, (y + oy - cy) / radius];
      if (inside[name](u * Math.cos(tilt) + v * Math.sin(tilt), v * Math.cos(tilt) - u * Math.sin(tilt)))
        covered += 0.25;
    }
    for (let c = 0; c < 3; c++) {
      const value = pixel[c] + covered * (paint[c] - pixel[c]) + 8 * random.normal();
      data[3 * i + c] = Math.round(Math.min(255, Math.max(0, value)));
    }
  }
  return { width: side, height: side, channels: 3, data };
}

const corners = [
  [0.25, 0.25],
  [0.75, 0.25],
  [0.25, 0.75],
  [0.75, 0.75],
] as const;

/** A colour that stands out from both ends of the ground. */
function distant(from: Colour, to: Colour, colour: () => Colour): Colour {
  const apart = (a: Colour, b: Colour): number => Math.hypot(...a.map((value, c) => value - b[c]));
  for (let tries = 0; ; tries++) {
    const found = colour();
    if (Math.min(apart(found, from), apart(found, to)) > 120 || tries > 50) return found;
  }
}

/** Pictures to look at: of every shape one. */
export const shapeExamples = (seed = 7): readonly { readonly name: ShapeName; readonly image: Image }[] => {
  const random = new Random(seed);
  return shapeNames.map((name) => ({ name, image: shapePicture(name, random) }));
};
