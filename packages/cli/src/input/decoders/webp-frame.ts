import { FormatError } from 'unrolled';

/** The first frame of an animated WebP file, as a file of its own, and where it stands on the canvas. */
export interface WebpFrame {
  readonly file: Uint8Array;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** @throws FormatError if the file has no whole frame */
export function firstWebpFrame(bytes: Uint8Array): WebpFrame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    if (view.getUint32(at) !== name('ANMF')) {
      at += 8 + length + (length % 2);
      continue;
    }
    const start = at + 8;
    if (length < 24 || start + length > bytes.length) break;
    const read24 = (offset: number): number =>
      view.getUint16(start + offset, true) | (view.getUint8(start + offset + 2) << 16);
    const [left, top, width, height] = [2 * read24(0), 2 * read24(3), read24(6) + 1, read24(9) + 1];
    const image = bytes.subarray(start + 16, start + length);
    return { file: still(image, width, height), left, top, width, height };
  }
  throw new FormatError('the WebP file is cut off before its first frame ends');
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
