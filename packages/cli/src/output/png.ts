import { crc32, deflateSync } from 'node:zlib';
import type { Image } from 'unrolled/images';

/** An image as a PNG file, in grey or colour, 8 bits a sample. */
export function encodePng({ width, height, channels, data }: Image): Uint8Array {
  const stride = width * channels;
  const rows = new Uint8Array(height * (stride + 1));
  for (let y = 0; y < height; y++) {
    const [start, from] = [y * (stride + 1), y * stride];
    // Filter 1: each sample as its difference to the one on the left.
    rows[start] = 1;
    for (let i = 0; i < stride; i++)
      rows[start + 1 + i] = data[from + i] - (i < channels ? 0 : data[from + i - channels]);
  }
  return pngFile({ width, height, depth: 8, type: channels === 1 ? 0 : 2 }, [['IDAT', deflateSync(rows)]]);
}

export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly type: number;
  readonly interlace?: number;
}

/** A PNG file of these parts, between its header and its end. */
export function pngFile(
  header: PngHeader,
  parts: readonly (readonly [name: string, content: Uint8Array])[],
): Uint8Array {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(header.width, 0);
  head.writeUInt32BE(header.height, 4);
  head.set([header.depth, header.type, 0, 0, header.interlace ?? 0], 8);
  const all = [['IHDR', head] as const, ...parts, ['IEND', new Uint8Array()] as const];
  const chunks = all.map(([name, content]) => {
    const chunk = Buffer.alloc(12 + content.length);
    chunk.writeUInt32BE(content.length, 0);
    chunk.write(name, 4, 'latin1');
    chunk.set(content, 8);
    chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + content.length)), 8 + content.length);
    return chunk;
  });
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks]);
}
