import { count, type Kinds, required, requireOptions, seed as seedKind } from '../../checks.ts';
import type { Image } from '../../images/index.ts';
import { Random } from '../../random.ts';

export const colourNames = ['red', 'green', 'blue', 'yellow', 'purple', 'black'] as const;
export const shapeNames = ['circle', 'square', 'triangle', 'cross', 'ring'] as const;
export const sizeNames = ['small', 'large'] as const;

/** Rows and columns of a scene. */
export const sceneSide = 3;

export interface Thing {
  readonly row: number;
  readonly column: number;
  readonly size: (typeof sizeNames)[number];
  readonly colour: (typeof colourNames)[number];
  readonly shape: (typeof shapeNames)[number];
}

/** Things on a grid of 3 × 3, no two of them alike, row by row. */
export interface Scene {
  readonly things: readonly Thing[];
}

export interface SceneOptions {
  readonly seed: number;
  /** Number of things. Default: 4 to 6. */
  readonly things?: number | undefined;
}

const kinds: Kinds<SceneOptions> = { seed: required(seedKind), things: count };

/** A scene: the same one for a seed. */
export function makeScene(options: SceneOptions): Scene {
  requireOptions('makeScene', options, kinds);
  const random = new Random(options.seed).fork('scene');
  const spots = random.permutation(sceneSide * sceneSide);
  const n = Math.min(options.things ?? 4 + random.below(3), spots.length);
  const kindCount = sizeNames.length * colourNames.length * shapeNames.length;
  const looks = random.permutation(kindCount);
  const things = Array.from({ length: n }, (_, i): Thing => {
    const look = looks[i];
    return {
      row: Math.floor(spots[i] / sceneSide),
      column: spots[i] % sceneSide,
      size: sizeNames[look % 2],
      colour: colourNames[(look >> 1) % colourNames.length],
      shape: shapeNames[Math.floor((look >> 1) / colourNames.length)],
    };
  });
  return { things: things.sort((a, b) => a.row - b.row || a.column - b.column) };
}

type Colour = readonly [red: number, green: number, blue: number];

export const background: Colour = [236, 234, 228];
export const colours: Readonly<Record<Thing['colour'], Colour>> = {
  red: [214, 40, 40],
  green: [40, 160, 70],
  blue: [40, 80, 220],
  yellow: [244, 204, 30],
  purple: [150, 60, 190],
  black: [35, 35, 40],
};

/** Whether a point is inside a shape of radius 1 around the origin; y points down. */
const inside: Readonly<Record<Thing['shape'], (x: number, y: number) => boolean>> = {
  circle: (x, y) => x * x + y * y < 1,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.86,
  triangle: (x, y) => y < 0.8 && y > -1 && Math.abs(x) < (y + 1) * 0.56,
  cross: (x, y) => Math.min(Math.abs(x), Math.abs(y)) < 0.3 && Math.max(Math.abs(x), Math.abs(y)) < 1,
  ring: (x, y) => x * x + y * y < 1 && x * x + y * y > 0.36,
};

/** Pixels of a cell's side; of radii. */
const cell = 16;
const radii = { small: 4, large: 7.2 } as const;

/** Points in a row of a pixel that are tested. */
const samples = 3;

/**
 * The picture of a scene, 48 × 48 pixels. Things stand up to a pixel beside the middle of their cells, by the seed.
 */
export function paintScene({ things }: Scene, seed = 1): Image {
  const side = cell * sceneSide;
  const data = new Uint8Array(side * side * 3);
  for (let i = 0; i < data.length; i++) data[i] = background[i % 3];
  const random = new Random(seed).fork('paint');
  for (const { row, column, size, colour, shape } of things) {
    const radius = radii[size];
    const loose = size === 'small' ? 2 : 0.6;
    const [x, y] = [column, row].map((at) => (at + 0.5) * cell + loose * (random.uniform() - 0.5));
    const covers = inside[shape];
    for (let i = row * cell; i < (row + 1) * cell; i++) {
      for (let j = column * cell; j < (column + 1) * cell; j++) {
        let covered = 0;
        for (let s = 0; s < samples * samples; s++) {
          const dx = ((s % samples) + 0.5) / samples;
          const dy = (Math.floor(s / samples) + 0.5) / samples;
          if (covers((j + dx - x) / radius, (i + dy - y) / radius)) covered++;
        }
        const share = covered / samples ** 2;
        for (let c = 0; c < 3; c++) {
          const at = (i * side + j) * 3 + c;
          data[at] = Math.round((1 - share) * background[c] + share * colours[colour][c]);
        }
      }
    }
  }
  return { width: side, height: side, channels: 3, data };
}
