import { sequential, shares } from 'unrolled/charts';

const levels = 256;
/** By level, three bytes each. */
const colours = Uint8Array.from(
  Array.from({ length: levels }, (_, level) => sequential(level / (levels - 1))).flatMap((colour) =>
    [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16)),
  ),
);

/** From a unit's lowest value to its highest, turned round where it is low with what it follows; as a row of pixels. */
export function stripPixels(values: Float32Array, sign: 1 | -1): ImageData {
  const image = new ImageData(Math.max(1, values.length), 1);
  shares(Array.from(values)).forEach((share, i) => {
    const level = Math.round((sign > 0 ? share : 1 - share) * (levels - 1));
    image.data.set([colours[3 * level], colours[3 * level + 1], colours[3 * level + 2], 255], 4 * i);
  });
  return image;
}

/** The values of one unit. @returns none if it is not there */
export function valuesOf(
  { units, values, pieces }: { units: readonly string[]; values: Float32Array; pieces: readonly string[] },
  unit: string,
): Float32Array {
  const row = units.indexOf(unit);
  return row < 0 ? new Float32Array(0) : values.subarray(row * pieces.length, (row + 1) * pieces.length);
}
