import type { Image } from 'unrolled/images';

export const colours = ['red', 'green', 'blue'];

/** A field of one of the colours, with a pattern that depends on the seed. */
export function picture(colour: number, seed: number): Image {
  const data = Uint8Array.from({ length: 20 * 18 * 3 }, (_, i) =>
    i % 3 === colour ? 220 : 20 + ((i * 7 + seed * 31) % 50),
  );
  return { width: 20, height: 18, channels: 3, data };
}
