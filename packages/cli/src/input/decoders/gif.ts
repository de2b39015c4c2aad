import { FormatError } from 'unrolled';
import type { Image } from 'unrolled/images';

/** A part of a GIF's screen, as indices of colours. */
interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly indices: Uint8Array;
  readonly palette: Uint8Array;
  /** The index that shows what is behind; −1: none. */
  readonly transparent: number;
}

const cutOff = (): FormatError => new FormatError('the GIF file is cut off');

/**
 * Decodes the first frame of a GIF file (GIF89a), on a white screen.
 * @throws FormatError if the file is damaged or cut off
 */
export function decodeGif(file: Uint8Array): Image {
  return gifFrames(file).next().value!;
}

/**
 * The frames of a GIF file, one after the other as a player shows them: each is drawn over the screen that the one before it
 * left. The screen is white where nothing is drawn.
 * @throws FormatError if the file has no frame, is damaged, or is cut off
 */
export function* gifFrames(file: Uint8Array): Generator<Image, undefined> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
  const screen = new Uint8Array(width * height * 3).fill(255);
  for (const frame of storedFrames(file, view)) {
    const before = frame.disposal === restorePrevious ? screen.slice() : null;
    draw(frame, screen, width);
    yield { width, height, channels: 3, data: screen.slice() };
    if (before) screen.set(before);
    else if (frame.disposal === restoreBackground) clear(frame, screen, width);
  }
}

/** What becomes of a frame before the next one is drawn; otherwise it stays. */
const [restoreBackground, restorePrevious] = [2, 3];

function draw(frame: Stored, screen: Uint8Array, screenWidth: number): void {
  const rows = rowsInOrder(frame);
  for (let i = 0; i < frame.indices.length; i++) {
    const index = frame.indices[i];
    if (index === frame.transparent) continue;
    const to = ((frame.top + rows[Math.floor(i / frame.width)]) * screenWidth + frame.left + (i % frame.width)) * 3;
    for (let c = 0; c < 3; c++) screen[to + c] = frame.palette[3 * index + c] ?? 0;
  }
}

function clear({ left, top, width, height }: Frame, screen: Uint8Array, screenWidth: number): void {
  for (let y = top; y < top + height; y++)
    screen.fill(255, 3 * (y * screenWidth + left), 3 * (y * screenWidth + left + width));
}

type Stored = Frame & { readonly interlaced: boolean; readonly disposal: number };

function* storedFrames(file: Uint8Array, view: DataView): Generator<Stored> {
  const globalColours = file[10] & 0x80 ? 2 << (file[10] & 7) : 0;
  const [globalPalette, blocks] = [file.subarray(13, 13 + 3 * globalColours), 13 + 3 * globalColours];
  const table = newCodes();
  let [transparent, disposal, frames] = [-1, 0, 0];
  for (let at = blocks; at < file.length; ) {
    if (file[at] === 0x21) {
      if (file[at + 1] === 0xf9) {
        transparent = file[at + 3] & 1 ? file[at + 6] : -1;
        disposal = (file[at + 3] >> 2) & 7;
      }
      at = afterBlocks(file, at + 2);
    } else if (file[at] === 0x2c) {
      if (at + 11 > file.length) throw cutOff();
      const [left, top, width, height] = [1, 3, 5, 7].map((offset) => view.getUint16(at + offset, true));
      const flags = file[at + 9];
      const ownColours = flags & 0x80 ? 2 << (flags & 7) : 0;
      const codes = at + 10 + 3 * ownColours;
      const palette = ownColours > 0 ? file.subarray(at + 10, codes) : globalPalette;
      const [screenWidth, screenHeight] = [view.getUint16(6, true), view.getUint16(8, true)];
      if (left + width > screenWidth || top + height > screenHeight) {
        throw new FormatError(
          `the GIF file is damaged: a frame of ${width} × ${height} at ${left}, ${top} does not fit its ${screenWidth} × ${screenHeight} pixels`,
        );
      }
      const indices = decompress(file, codes, width * height, table);
      yield { left, top, width, height, indices, palette, transparent, interlaced: (flags & 0x40) !== 0, disposal };
      frames++;
      [transparent, disposal] = [-1, 0];
      at = afterBlocks(file, codes + 1);
    } else if (file[at] === 0x3b) {
      if (frames > 0) return;
      throw new FormatError('the GIF file has no frame');
    } else {
      throw new FormatError(`the GIF file is damaged: byte ${at} begins no part of it`);
    }
  }
  throw cutOff();
}

/** Where a row of blocks of up to 255 bytes ends. */
function afterBlocks(file: Uint8Array, start: number): number {
  let at = start;
  while (at < file.length && file[at] !== 0) at += file[at] + 1;
  return at + 1;
}

/** What stands for each code: the code before it and its last index, and how many indices it stands for. Made once for all frames. */
interface Codes {
  readonly before: Uint16Array;
  readonly last: Uint8Array;
  readonly lengths: Uint16Array;
}

const newCodes = (): Codes => ({
  before: new Uint16Array(4096),
  last: new Uint8Array(4096),
  lengths: new Uint16Array(4096),
});

/** Lempel, Ziv and Welch: codes of growing width in blocks of up to 255 bytes, as indices. */
function decompress(file: Uint8Array, start: number, count: number, { before, last, lengths }: Codes): Uint8Array {
  const least = file[start];
  if (!(least >= 1 && least <= 11))
    throw new FormatError('the GIF file is damaged: its codes begin with a wrong width');
  const [clear, end] = [1 << least, (1 << least) + 1];
  for (let code = 0; code < clear; code++) [last[code], lengths[code]] = [code, 1];
  const out = new Uint8Array(count);
  let [at, block, bits, held, width, next, previous, done] = [start + 1, 0, 0, 0, least + 1, end + 1, -1, 0];
  while (done < count) {
    while (held < width) {
      if (block === 0) block = file[at++] ?? 0;
      if (block === 0 || at >= file.length) throw cutOff();
      bits |= file[at++] << held;
      held += 8;
      block--;
    }
    const code = bits & ((1 << width) - 1);
    bits >>>= width;
    held -= width;
    if (code === end) break;
    if (code === clear) {
      [width, next, previous] = [least + 1, end + 1, -1];
      continue;
    }
    if (code > next || (code === next && previous < 0)) throw new FormatError('the GIF file is damaged: a wrong code');
    // A code that is just being made is the previous one, and the first index of it again.
    const known = code === next ? previous : code;
    let position = done + lengths[known] - 1;
    let walk = known;
    for (; lengths[walk] > 1; walk = before[walk]) out[position--] = last[walk];
    const first = last[walk];
    out[position] = first;
    done += lengths[known];
    if (code === next) out[done++] = first;
    if (previous >= 0 && next < 4096) {
      [before[next], last[next], lengths[next]] = [previous, first, lengths[previous] + 1];
      next++;
      if (next === 1 << width && width < 12) width++;
    }
    previous = code;
  }
  if (done < count) throw cutOff();
  return out;
}

/** Which row of the frame each stored row is. */
function rowsInOrder({ height, interlaced }: Stored): readonly number[] {
  const every = (first: number, step: number): number[] =>
    Array.from({ length: Math.max(0, Math.ceil((height - first) / step)) }, (_, i) => first + i * step);
  return interlaced ? [...every(0, 8), ...every(4, 8), ...every(2, 4), ...every(1, 2)] : every(0, 1);
}
