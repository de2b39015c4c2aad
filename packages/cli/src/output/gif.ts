import { type Image, withChannels } from 'unrolled/images';

/** An image of an animation, and how long it is shown. */
export interface Frame {
  readonly image: Image;
  readonly milliseconds: number;
}

/**
 * Images of one size as an animated GIF that repeats for ever, in a palette of 216 colours and 40 greys.
 * Grey images keep their greys to within 3 of 255.
 */
export function encodeGif(frames: readonly Frame[]): Uint8Array {
  const [{ image: first }] = frames;
  const bytes: number[] = [...ascii('GIF89a'), ...word(first.width), ...word(first.height), 0xf7, 0, 0];
  bytes.push(...palette.flat());
  bytes.push(0x21, 0xff, 11, ...ascii('NETSCAPE2.0'), 3, 1, 0, 0, 0);
  const parts: Uint8Array[] = [Uint8Array.from(bytes)];
  for (const { image, milliseconds } of frames) {
    const head = [0x21, 0xf9, 4, 4, ...word(Math.round(milliseconds / 10)), 0, 0];
    const place = [0x2c, 0, 0, 0, 0, ...word(image.width), ...word(image.height), 0];
    parts.push(Uint8Array.from([...head, ...place]), packed(coloursOf(image)));
  }
  parts.push(Uint8Array.of(0x3b));
  return Buffer.concat(parts);
}

const ascii = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));
const word = (value: number): number[] => [value & 255, value >> 8];

const levels = [0, 51, 102, 153, 204, 255];
const greys = Array.from({ length: 40 }, (_, i) => Math.round(((i + 1) * 255) / 41));
const palette: readonly (readonly number[])[] = [
  ...levels.flatMap((red) => levels.flatMap((green) => levels.map((blue) => [red, green, blue]))),
  ...greys.map((grey) => [grey, grey, grey]),
];

/** For each pixel the nearest colour of the palette. */
function coloursOf(image: Image): Uint8Array {
  const { data } = withChannels(image, 3);
  const known = new Map<number, number>();
  return Uint8Array.from({ length: data.length / 3 }, (_, i) => {
    const [red, green, blue] = [data[3 * i], data[3 * i + 1], data[3 * i + 2]];
    const key = (red << 16) | (green << 8) | blue;
    const found = known.get(key) ?? nearestColour(red, green, blue);
    known.set(key, found);
    return found;
  });
}

function nearestColour(red: number, green: number, blue: number): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (const [index, [r, g, b]] of palette.entries()) {
    const distance = (r - red) ** 2 + (g - green) ** 2 + (b - blue) ** 2;
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

/** Codes have at most so many bits. */
const widest = 12;

/** Indices of 8 bits, compressed by LZW, in blocks of at most 255 bytes (GIF89a, appendix F). */
function packed(indices: Uint8Array): Uint8Array {
  const [clear, end] = [256, 257];
  const bytes: number[] = [];
  let [buffer, filled] = [0, 0];
  let size = 9;
  const write = (code: number): void => {
    buffer |= code << filled;
    for (filled += size; filled >= 8; filled -= 8) {
      bytes.push(buffer & 255);
      buffer >>>= 8;
    }
  };
  let table = new Map<number, number>();
  let next = end + 1;
  write(clear);
  let prefix = indices[0];
  for (const index of indices.subarray(1)) {
    const key = (prefix << 8) | index;
    const known = table.get(key);
    if (known !== undefined) {
      prefix = known;
      continue;
    }
    write(prefix);
    prefix = index;
    if (next === 1 << widest) {
      write(clear);
      [table, next, size] = [new Map(), end + 1, 9];
      continue;
    }
    table.set(key, next);
    // A code is wider from the first one that needs it.
    if (next === 1 << size) size++;
    next++;
  }
  write(prefix);
  write(end);
  if (filled > 0) bytes.push(buffer & 255);
  const blocks: number[] = [8];
  for (let from = 0; from < bytes.length; from += 255) {
    const block = bytes.slice(from, from + 255);
    blocks.push(block.length);
    for (const byte of block) blocks.push(byte);
  }
  blocks.push(0);
  return Uint8Array.from(blocks);
}
