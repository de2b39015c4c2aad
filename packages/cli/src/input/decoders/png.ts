import { constants, crc32, inflateSync } from 'node:zlib';
import { FormatError } from 'unrolled';
import type { Image } from 'unrolled/images';

/** Samples of a pixel by PNG's colour types: grey, colour, palette, grey and alpha, colour and alpha. */
const samplesOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
/** The bits that a sample of each type may have. */
const depthsOf: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly type: number;
  readonly interlaced: boolean;
}

interface Parts extends Layout {
  /** Red, green and blue of each index. */
  readonly palette: Uint8Array;
  /** Of palettes the opacity of each index; of others the samples, 16 bits each, that are transparent. */
  readonly transparency: Uint8Array | null;
  readonly compressed: Uint8Array;
}

/**
 * Decodes a PNG file (W3C, third edition): all colour types, 16-bit samples by their upper byte, interlaced or not; transparent
 * parts onto white; of an animation the still image.
 * @throws FormatError if the file is damaged or cut off
 */
export function decodePng(file: Uint8Array): Image {
  const parts = readChunks(file);
  const passes = passesOf(parts);
  const bits = samplesOf[parts.type] * parts.depth;
  const total = passes.reduce((sum, { width, height }) => sum + height * (1 + Math.ceil((width * bits) / 8)), 0);
  const filtered = inflated(parts.compressed, total);
  const channels = parts.type === 0 || parts.type === 4 ? 1 : 3;
  const data = new Uint8Array(parts.width * parts.height * channels);
  const colours = coloursOf(parts);
  let at = 0;
  for (const { width, height, x0, y0, dx, dy } of passes) {
    const stride = Math.ceil((width * bits) / 8);
    const rows = filtered.subarray(at, at + height * (stride + 1));
    unfilter(rows, stride, Math.max(1, bits >> 3));
    for (let y = 0; y < height; y++) {
      const row = rows.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1));
      const start = ((y0 + y * dy) * parts.width + x0) * channels;
      colours(row, width, data, start, dx * channels);
    }
    at += rows.length;
  }
  return { width: parts.width, height: parts.height, channels, data };
}

function readChunks(file: Uint8Array): Parts {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  let layout: Layout | null = null;
  let palette: Uint8Array = new Uint8Array();
  let transparency: Uint8Array | null = null;
  const pieces: Uint8Array[] = [];
  for (let at = 8; ; ) {
    const length = at + 12 <= file.length ? view.getUint32(at) : 0;
    const end = at + 12 + length;
    if (at + 12 > file.length || end > file.length) throw new FormatError('the PNG file is cut off');
    const name = String.fromCharCode(...file.subarray(at + 4, at + 8));
    const content = file.subarray(at + 8, end - 4);
    if (crc32(file.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw new FormatError(`the PNG file is damaged: the checksum of its part '${name}' is wrong`);
    }
    if (name === 'IHDR') layout = layoutOf(content);
    else if (name === 'PLTE') palette = content;
    else if (name === 'tRNS') transparency = content;
    else if (name === 'IDAT') pieces.push(content);
    else if (name === 'IEND') break;
    at = end;
  }
  if (!layout) throw new FormatError('the PNG file is damaged: it has no header');
  if (layout.type === 3 && palette.length < 3) throw new FormatError('the PNG file is damaged: it has no palette');
  return { ...layout, palette, transparency, compressed: pieces.length === 1 ? pieces[0] : Buffer.concat(pieces) };
}

function layoutOf(header: Uint8Array): Layout {
  if (header.length !== 13) throw new FormatError('the PNG file is damaged: its header has another length');
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, type, compression, filter, interlace] = header.subarray(8);
  if (!depthsOf[type]?.includes(depth) || compression !== 0 || filter !== 0 || interlace > 1) {
    throw new FormatError(`the PNG file is damaged: colour type ${type} with ${depth} bits does not exist`);
  }
  return { width, height, depth, type, interlaced: interlace === 1 };
}

/** The pixels that stand together in the file: all of them, or the seven passes of Adam7. */
function passesOf({ width, height, interlaced }: Layout) {
  if (!interlaced) return [{ width, height, x0: 0, y0: 0, dx: 1, dy: 1 }];
  const starts = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
  ];
  return starts
    .map(([x0, y0, dx, dy]) => {
      return { width: Math.ceil((width - x0) / dx), height: Math.ceil((height - y0) / dy), x0, y0, dx, dy };
    })
    .filter((pass) => pass.width > 0 && pass.height > 0);
}

/** Never more than the size in the header needs, whatever the data would expand to. */
function inflated(compressed: Uint8Array, total: number): Uint8Array {
  let bytes: Uint8Array;
  try {
    // Some encoders leave a few bytes behind the last row.
    bytes = inflateSync(compressed, { maxOutputLength: total + 2 ** 16, finishFlush: constants.Z_SYNC_FLUSH });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const reason =
      code === 'ERR_BUFFER_TOO_LARGE' ? 'its data are more than its size says' : 'its compressed data are wrong';
    throw new FormatError(`the PNG file is damaged: ${reason}`, {}, { cause });
  }
  if (bytes.length < total) throw new FormatError('the PNG file is damaged: its data are less than its size says');
  return bytes;
}

/** Undoes the filter of each row, in place: what a byte is predicted from is added to it. */
function unfilter(rows: Uint8Array, stride: number, step: number): void {
  for (let start = 1; start < rows.length; start += stride + 1) {
    const filter = rows[start - 1];
    const up = start - stride - 1;
    if (filter > 4) throw new FormatError(`the PNG file is damaged: there is no filter ${filter}`);
    if (filter === 0) continue;
    for (let i = 0; i < stride; i++) {
      const left = i < step ? 0 : rows[start + i - step];
      const above = up < 0 ? 0 : rows[up + i];
      const corner = i < step || up < 0 ? 0 : rows[up + i - step];
      rows[start + i] += predicted(filter, left, above, corner);
    }
  }
}

function predicted(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  const [a, b, c] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)];
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

/** Writes the pixels of a row of samples, `step` bytes from one to the next. */
type Colours = (row: Uint8Array, width: number, out: Uint8Array, start: number, step: number) => void;

function coloursOf({ type, depth, palette, transparency }: Parts): Colours {
  const samples = samplesOf[type];
  const wide = depth === 16 ? 2 : 1;
  const onWhite = (byte: number, alpha: number): number => Math.round((byte * alpha) / 255 + (255 - alpha));
  if (type === 3 || depth < 8) {
    // One sample of few bits, looked up in a table of colours.
    const channels = type === 3 ? 3 : 1;
    const most = 2 ** depth - 1;
    const table = Uint8Array.from({ length: 256 * channels }, (_, i) => {
      const index = Math.floor(i / channels);
      const hidden = type === 0 && transparency?.[1] === index;
      if (type === 0) return hidden ? 255 : Math.round((index * 255) / most);
      return onWhite(palette[i] ?? 0, transparency?.[index] ?? 255);
    });
    return (row, width, out, start, step) => {
      for (let x = 0, to = start; x < width; x++, to += step) {
        const index = depth === 8 ? row[x] : (row[(x * depth) >> 3] >> (8 - depth - ((x * depth) & 7))) & most;
        for (let c = 0; c < channels; c++) out[to + c] = table[index * channels + c];
      }
    };
  }
  const channels = samples < 3 ? 1 : 3;
  const hasAlpha = samples % 2 === 0;
  return (row, width, out, start, step) => {
    for (let x = 0, to = start; x < width; x++, to += step) {
      const from = x * samples * wide;
      const alpha = hasAlpha ? row[from + channels * wide] : hidden(row, from) ? 0 : 255;
      for (let c = 0; c < channels; c++) {
        const byte = row[from + c * wide];
        out[to + c] = alpha === 255 ? byte : onWhite(byte, alpha);
      }
    }
  };

  /** Whether a pixel has the colour that stands for nothing. */
  function hidden(row: Uint8Array, from: number): boolean {
    if (transparency === null || transparency.length < 2 * samples) return false;
    for (let c = 0; c < samples; c++) {
      const sample = wide === 2 ? row[from + 2 * c] * 256 + row[from + 2 * c + 1] : row[from + c];
      if (sample !== transparency[2 * c] * 256 + transparency[2 * c + 1]) return false;
    }
    return true;
  }
}
