import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ExampleSource } from 'unrolled/data';
import type { Image } from 'unrolled/images';
import { fromHalf, toHalf } from 'unrolled/io';
import type { Parameters } from 'unrolled/nn';
import type { Backbone } from 'unrolled/vision';
import { Failure, naming } from '../failure.ts';
import { readImage } from '../input/images.ts';
import type { SourceFile } from '../input/source-files.ts';
import { countOf, formatCount } from '../output/units.ts';

/** A model about images whose backbone is frozen. */
export interface FeatureModel {
  readonly backbone: Backbone;
  readonly parameters: Parameters;
  features(images: readonly Image[]): Promise<readonly Float32Array[]>;
}

/** For `JSON.stringify`: the fields of objects by name, since a description from a file may have another order. */
const inOrder = (_: string, value: unknown): unknown =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

/** Of image files in their order. */
export const fingerprintOf = (images: readonly SourceFile[]): string =>
  createHash('sha256')
    .update(images.map(({ sha256 }) => sha256).join())
    .digest('hex');

/** A name for what a model's backbone computes: a hash of its layers, its preprocessing and its weights. */
async function backboneHash({ backbone, parameters }: FeatureModel): Promise<string> {
  const weights = Object.entries(await parameters.save()).filter(([name]) => name.startsWith('backbone.'));
  const hash = createHash('sha256').update(JSON.stringify(backbone.description, inOrder));
  for (const [name, { data }] of weights.sort()) hash.update(name).update(Float32Array.from(data));
  return hash.digest('hex').slice(0, 16);
}

/**
 * Features of image files, each computed once and kept beside the run, in `features/<backbone>/<hash of the file>.f16`: L·D numbers
 * of 16 bits, place after place. Other runs with the same backbone in the same folder use them as well.
 */
export class FeatureFiles {
  readonly #folder: string;
  readonly #bytes: number;

  private constructor(folder: string, { backbone: { places, depth } }: FeatureModel) {
    this.#folder = folder;
    this.#bytes = 2 * places * depth;
  }

  /** @param run  the folder of the run, or its model's file */
  static async of(run: string, model: FeatureModel): Promise<FeatureFiles> {
    return new FeatureFiles(join(dirname(run), 'features', await backboneHash(model)), model);
  }

  /** Computes those that are missing. @throws Failure naming an image that cannot be read, or a number too large for 16 bits */
  async complete(model: FeatureModel, images: readonly SourceFile[], note: (line: string) => void): Promise<void> {
    const missing = [...new Map(images.map((image) => [image.sha256, image])).values()].filter(
      (image) => !this.#has(image),
    );
    if (missing.length === 0) return;
    mkdirSync(this.#folder, { recursive: true });
    let last = performance.now();
    for (let from = 0; from < missing.length; from += together) {
      const part = missing.slice(from, from + together);
      const features = await model.features(await Promise.all(part.map(({ path }) => readImage(path))));
      for (const [i, image] of part.entries()) this.#write(image, features[i]);
      if (performance.now() - last < 3000 && from + together < missing.length) continue;
      last = performance.now();
      note(
        `Features of ${formatCount(from + part.length)} of ${countOf(missing.length, 'image')}, kept in ${this.#folder}`,
      );
    }
  }

  /** The features of these images, read when a batch needs them. */
  source(images: readonly SourceFile[]): ExampleSource<Float32Array> {
    return {
      length: images.length,
      get fingerprint() {
        return fingerprintOf(images);
      },
      read: (index) => this.read(images[index]),
    };
  }

  #path({ sha256 }: SourceFile): string {
    return join(this.#folder, `${sha256}.f16`);
  }

  #has(image: SourceFile): boolean {
    const path = this.#path(image);
    return existsSync(path) && statSync(path).size === this.#bytes;
  }

  #write(image: SourceFile, features: Float32Array): void {
    const path = this.#path(image);
    const halves = toHalf(features);
    naming(path, () => {
      // Under another name first, so that a file is whole or not there.
      writeFileSync(`${path}.part`, new Uint8Array(halves.buffer));
      renameSync(`${path}.part`, path);
    });
  }

  /** @throws Failure if they are not there, or not whole */
  read(image: SourceFile): Float32Array {
    const path = this.#path(image);
    const bytes = naming(path, () => readFileSync(path));
    if (bytes.length !== this.#bytes) {
      throw new Failure(
        `${path}: ${bytes.length} bytes of features, expected ${this.#bytes}; delete the file and resume the run`,
      );
    }
    return fromHalf(new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)));
  }
}

/** Images that are decoded and computed together. */
const together = 16;
