import { FormatError } from 'unrolled';

/** A frame of an animated WebP file, as a file of its own, and how it is drawn onto the canvas. */
export interface WebpFrame {
  readonly file: Uint8Array;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Whether it replaces what is behind it, where it is transparent, too. */
  readonly replaces: boolean;
  /** Whether its part of the canvas becomes empty before the next one. */
  readonly disposed: boolean;
}

/** The frames of an animated WebP file, still compressed. @throws FormatError if there is none, or the file is cut off */
export function* webpFrames(bytes: Uint8Array): Generator<WebpFrame, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = Math.min(bytes.length, 8 + view.getUint32(4, true));
  let frames = 0;
  let at = 12;
  while (at + 8 <= end) {
    const length = view.getUint32(at + 4, true);
    const start = at + 8;
    at = start + length + (length % 2);
    if (view.getUint32(start - 8) !== name('ANMF')) continue;
    if (length < 24 || start + length > bytes.length) break;
    const read24 = (offset: number): number =>
      view.getUint16(start + offset, true) | (view.getUint8(start + offset + 2) << 16);
    const [left, top, width, height] = [2 * read24(0), 2 * read24(3), read24(6) + 1, read24(9) + 1];
    const flags = view.getUint8(start + 15);
    const image = bytes.subarray(start + 16, start + length);
    const drawn = { replaces: (flags & 2) !== 0, disposed: (flags & 1) !== 0 };
    yield { file: still(image, width, height), left, top, width, height, ...drawn };
    frames++;
  }
  if (frames === 0) throw new FormatError('the WebP file is cut off before its first frame ends');
  if (8 + view.getUint32(4, true) > bytes.length + 1) {
    throw new FormatError(`the WebP file is cut off after ${frames} of its frames`, { frames });
  }
}

/** A file with the parts of one frame: its opacity, where it has some, and its picture. */
function still(parts: Uint8Array, width: number, height: number): Uint8Array {
  const partsView = new DataView(parts.buffer, parts.byteOffset, parts.byteLength);
  const hasAlpha = partsView.getUint32(0) === name('ALPH');
  const extended = hasAlpha ? 18 : 0;
  const file = new Uint8Array(12 + extended + parts.length);
  const view = new DataView(file.buffer);
  view.setUint32(0, name('RIFF'));
  view.setUint32(4, file.length - 8, true);
  view.setUint32(8, name('WEBP'));
  if (hasAlpha) {
    view.setUint32(12, name('VP8X'));
    view.setUint32(16, 10, true);
    view.setUint8(20, 0x10);
    for (let i = 0; i < 3; i++) {
      view.setUint8(24 + i, (width - 1) >> (8 * i));
      view.setUint8(27 + i, (height - 1) >> (8 * i));
    }
  }
  file.set(parts, 12 + extended);
  return file;
}

/** Four letters as a number. */
const name = (letters: string): number => [...letters].reduce((sum, letter) => sum * 256 + letter.charCodeAt(0), 0);
