import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { naming } from '../failure.ts';
import { numberedPath } from './animation-file.ts';

/** Reads the path of an option whose pictures `PictureFiles` writes. */
export function picturePath(path: string): string {
  if (['.svg', '.json'].includes(extname(path).toLowerCase())) return path;
  throw new InvalidArgumentError('It must be a file that ends in .svg or .json.');
}

/** The same for pictures that are also drawn in pixels. */
export const pixelPicturePath = (path: string): string => {
  if (['.svg', '.png', '.json'].includes(extname(path).toLowerCase())) return path;
  throw new InvalidArgumentError('It must be a file that ends in .svg, .png or .json.');
};

/** Writes a picture of each answer: `out.svg`, `out-2.svg`, …; or what they show as one JSON array. */
export class PictureFiles {
  readonly #path: string;
  readonly #kept: object[] = [];
  #count = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** Whether pictures are to be drawn in pixels. */
  get inPixels(): boolean {
    return extname(this.#path).toLowerCase() === '.png';
  }

  /** @param data  what the picture shows, for JSON */
  add(data: object, picture: () => string | Uint8Array): void {
    this.#count++;
    if (this.#isJson) {
      this.#kept.push(data);
      return;
    }
    const path = numberedPath(this.#path, this.#count);
    naming(path, () => writeFileSync(path, picture()));
  }

  end(): void {
    if (this.#isJson) naming(this.#path, () => writeFileSync(this.#path, `${JSON.stringify(this.#kept, rounded)}\n`));
  }

  get #isJson(): boolean {
    return extname(this.#path).toLowerCase() === '.json';
  }
}

const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(5)) : value;
