import { FormatError } from '../errors.ts';
import { exifOrientation, type Orientation } from './orientation.ts';

/** What an image file says of itself before anything is decoded. */
export interface ImageHeader {
  readonly format: 'jpeg' | 'png' | 'webp' | 'gif';
  /** Of the stored picture, before it is turned. */
  readonly width: number;
  readonly height: number;
  readonly colour: 'grey' | 'colour' | 'cmyk';
  /** How the stored picture must be turned, as EXIF notes it; 1: not at all. */
  readonly orientation: Orientation;
  /** Whether the file says that it has several frames; of a GIF it is not known. */
  readonly animated: boolean;
}

type Found = Omit<ImageHeader, 'format'>;

const ascii = (bytes: Uint8Array, start: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(start, start + length));

/** The formats, by how their files begin. */
const formats: readonly {
  readonly format: ImageHeader['format'];
  readonly begins: (bytes: Uint8Array) => boolean;
  readonly read: (bytes: Uint8Array, view: DataView) => Found;
}[] = [
  { format: 'jpeg', begins: (b) => b[0] === 0xff && b[1] === 0xd8 && b[2] === 0xff, read: jpeg },
  { format: 'png', begins: (b) => ascii(b, 0, 8) === '\x89PNG\r\n\x1a\n', read: png },
  { format: 'webp', begins: (b) => ascii(b, 0, 4) === 'RIFF' && ascii(b, 8, 4) === 'WEBP', read: webp },
  { format: 'gif', begins: (b) => /^GIF8[79]a$/.test(ascii(b, 0, 6)), read: gif },
];

/** The format that bytes begin as; null for none of JPEG, PNG, WebP and GIF. */
export const imageFormat = (bytes: Uint8Array): ImageHeader['format'] | null =>
  formats.find(({ begins }) => begins(bytes))?.format ?? null;

/**
 * Reads size, colour and orientation of a JPEG, PNG, WebP or GIF file without decoding it.
 * @throws FormatError if it is of another format, or ends before it says
 */
export function imageHeader(bytes: Uint8Array): ImageHeader {
  const found = formats.find(({ begins }) => begins(bytes));
  if (!found) throw new FormatError(notAnImage(bytes));
  try {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return { format: found.format, ...found.read(bytes, view) };
  } catch (error) {
    // Of a view: a number was to be read beyond the end.
    if (!(error instanceof RangeError)) throw error;
    throw new FormatError(`the ${found.format.toUpperCase()} file ends within its header; it was cut off`, {
      bytes: bytes.length,
    });
  }
}

function notAnImage(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'the file is empty';
  const known: readonly [string, RegExp][] = [
    ['AVIF or HEIC', /^....ftyp/s],
    ['TIFF', /^(II\*\0|MM\0\*)/],
    ['BMP', /^BM/],
    ['SVG or other XML', /^\s*</],
    ['PDF', /^%PDF/],
  ];
  const name = known.find(([, start]) => start.test(ascii(bytes, 0, 16)))?.[0];
  return name
    ? `the file is ${name}; convert it to JPEG, PNG, WebP or GIF`
    : 'the file is no image: it begins as none of JPEG, PNG, WebP and GIF';
}

function jpeg(bytes: Uint8Array, view: DataView): Found {
  let [orientation, frame]: [Orientation, Omit<Found, 'orientation'> | null] = [1, null];
  for (let at = 2; ; ) {
    if (view.getUint8(at) !== 0xff) throw new FormatError(`the JPEG file is damaged: no marker at byte ${at}`);
    const marker = view.getUint8(at + 1);
    // Any number of filling bytes may stand before a marker.
    if (marker === 0xff) {
      at++;
      continue;
    }
    const length = view.getUint16(at + 2);
    const content = at + 4;
    if (marker === 0xda || marker === 0xd9) break;
    if (marker === 0xe1 && ascii(bytes, content, 6) === 'Exif\0\0') {
      orientation = exifOrientation(bytes.subarray(content + 6, at + 2 + length));
    }
    // Start of a frame: all of C0 … CF but the tables C4, C8 and CC.
    if (marker === 0xc0 || (marker > 0xc0 && marker <= 0xcf && marker % 4 !== 0)) {
      const [height, width, components] = [
        view.getUint16(content + 1),
        view.getUint16(content + 3),
        view.getUint8(content + 5),
      ];
      const colour = components === 1 ? 'grey' : components === 4 ? 'cmyk' : 'colour';
      frame = { width, height, colour, animated: false };
    }
    at += 2 + Math.max(2, length);
  }
  if (!frame) throw new FormatError('the JPEG file is damaged: its image begins before its size is stated');
  return { ...frame, orientation };
}

function png(bytes: Uint8Array, view: DataView): Found {
  if (ascii(bytes, 12, 4) !== 'IHDR')
    throw new FormatError('the PNG file is damaged: it does not begin with its header');
  const [width, height, type] = [view.getUint32(16), view.getUint32(20), view.getUint8(25)];
  let [orientation, animated]: [Orientation, boolean] = [1, false];
  for (let at = 8; ; ) {
    const [length, name] = [view.getUint32(at), ascii(bytes, at + 4, 4)];
    if (name === 'IDAT' || name === 'IEND') break;
    if (name === 'eXIf') orientation = exifOrientation(bytes.subarray(at + 8, at + 8 + length));
    if (name === 'acTL') animated = true;
    at += 12 + length;
  }
  return { width, height, colour: type === 0 || type === 4 ? 'grey' : 'colour', orientation, animated };
}

function webp(bytes: Uint8Array, view: DataView): Found {
  const name = ascii(bytes, 12, 4);
  const colour = 'colour';
  if (name === 'VP8 ') {
    const [width, height] = [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff];
    return { width, height, colour, orientation: 1, animated: false };
  }
  if (name === 'VP8L') {
    const packed = view.getUint32(21, true);
    const [width, height] = [(packed & 0x3fff) + 1, ((packed >> 14) & 0x3fff) + 1];
    return { width, height, colour, orientation: 1, animated: false };
  }
  if (name !== 'VP8X') throw new FormatError('the WebP file is damaged: it begins with no image');
  const flags = view.getUint8(20);
  const read24 = (at: number): number => (view.getUint16(at, true) | (view.getUint8(at + 2) << 16)) + 1;
  let orientation: Orientation = 1;
  if (flags & 8) {
    for (let at = 12; at + 8 <= bytes.length; ) {
      const length = view.getUint32(at + 4, true);
      if (ascii(bytes, at, 4) === 'EXIF') {
        const exif = bytes.subarray(at + 8, at + 8 + length);
        orientation = exifOrientation(ascii(exif, 0, 6) === 'Exif\0\0' ? exif.subarray(6) : exif);
      }
      at += 8 + length + (length % 2);
    }
  }
  return { width: read24(24), height: read24(27), colour, orientation, animated: (flags & 2) !== 0 };
}

function gif(_: Uint8Array, view: DataView): Found {
  const [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
  return { width, height, colour: 'colour', orientation: 1, animated: false };
}
