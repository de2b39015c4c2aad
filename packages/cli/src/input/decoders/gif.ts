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
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
  const frame = firstFrame(file, view);
  const data = new Uint8Array(width * height * 3).fill(255);
  const rows = rowsInOrder(frame);
  for (let i = 0; i < frame.indices.length; i++) {
    const [x, y] = [frame.left + (i % frame.width), frame.top + rows[Math.floor(i / frame.width)]];
    const index = frame.indices[i];
    if (x >= width || y >= height || index === frame.transparent) continue;
    const to = (y * width + x) * 3;
    for (let c = 0; c < 3; c++) data[to + c] = frame.palette[3 * index + c] ?? 0;
  }
  return { width, height, channels: 3, data };
}

type Stored = Frame & { readonly interlaced: boolean };

function firstFrame(file: Uint8Array, view: DataView): Stored {
  const globalColours = file[10] & 0x80 ? 2 << (file[10] & 7) : 0;
  const [globalPalette, blocks] = [file.subarray(13, 13 + 3 * globalColours), 13 + 3 * globalColours];
  let transparent = -1;
  for (let at = blocks; at < file.length; ) {
    if (file[at] === 0x21) {
      if (file[at + 1] === 0xf9 && file[at + 3] & 1) transparent = file[at + 6];
      at += 2;
      while (at < file.length && file[at] !== 0) at += file[at] + 1;
      at++;
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
      const indices = decompress(file, codes, width * height);
      return { left, top, width, height, indices, palette, transparent, interlaced: (flags & 0x40) !== 0 };
    } else if (file[at] === 0x3b) {
      throw new FormatError('the GIF file has no frame');
    } else {
      throw new FormatError(`the GIF file is damaged: byte ${at} begins no part of it`);
    }
  }
  throw cutOff();
}

/** Lempel, Ziv and Welch: codes of growing width in blocks of up to 255 bytes, as indices. */
function decompress(file: Uint8Array, start: number, count: number): Uint8Array {
  const least = file[start];
  if (!(least >= 1 && least <= 11))
    throw new FormatError('the GIF file is damaged: its codes begin with a wrong width');
  const [clear, end] = [1 << least, (1 << least) + 1];
  const before = new Uint16Array(4096);
  const last = new Uint8Array(4096);
  const lengths = new Uint16Array(4096);
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
