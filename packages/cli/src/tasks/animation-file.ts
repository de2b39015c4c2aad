import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Image } from 'unrolled/images';
import { naming } from '../failure.ts';
import { encodeGif } from '../output/gif.ts';
import { encodePng } from '../output/png.ts';

const kinds = ['.gif', '.png', '.json'];

const kindOf = (path: string): string => extname(path).toLowerCase();

/** Reads the path of an option whose pictures `writeAnimation` writes. */
export function animationPath(path: string): string {
  if (kinds.includes(kindOf(path))) return path;
  throw new InvalidArgumentError('It must be a file that ends in .gif, .png or .json.');
}

/** What a file shows, in each of its forms; only the one that is asked for is made. */
export interface Animation {
  /** One after the other; the last one stays for a while. */
  readonly frames: () => readonly Image[];
  /** All in one picture. */
  readonly sheet: () => Image;
  readonly data: object;
}

/** Writes a moving picture (.gif), a still one (.png), or what it shows (.json). */
export function writeAnimation(path: string, animation: Animation): void {
  naming(path, () => writeFileSync(path, contentOf(kindOf(path), animation)));
}

function contentOf(kind: string, { frames, sheet, data }: Animation): Uint8Array | string {
  if (kind === '.png') return encodePng(sheet());
  if (kind === '.json') return `${JSON.stringify(data)}\n`;
  const all = frames();
  return encodeGif(all.map((image, i) => ({ image, milliseconds: i === all.length - 1 ? 2000 : 200 })));
}

/** `out.gif`, `out-2.gif`, … @param n  from 1 */
export const numberedPath = (path: string, n: number): string => {
  const extension = extname(path);
  return n === 1 ? path : `${path.slice(0, -extension.length)}-${n}${extension}`;
};
