import { attentionMaps } from 'unrolled/charts';
import { type Image, resizeImage } from 'unrolled/images';
import type { Caption, Captioner } from 'unrolled/tasks/caption';
import { Failure } from '../../failure.ts';
import { encodePng } from '../../output/png.ts';
import { PictureFiles } from '../picture-files.ts';

/** Longest side of the image in a picture. */
const longest = 320;

/** Writes what attention looked at for each word of captions: a picture for each image, or all as one JSON array. */
export class AttentionFiles {
  readonly #files: PictureFiles;

  /** @throws Failure if the model has no attention */
  constructor({ config }: Captioner, path: string) {
    if (!config.conditioning.endsWith('attention')) {
      throw new Failure('--attention: this model has no attention to show', 2);
    }
    this.#files = new PictureFiles(path);
  }

  add(name: string, image: Image, { text, attention }: Caption): void {
    if (attention === null) return;
    this.#files.add({ image: name, caption: text, ...attention }, () =>
      attentionMaps({
        title: text === '' ? '(an empty caption)' : text,
        description: `What the model looked at for each word about ${name}. Made by: unrolled caption predict --attention`,
        image: { href: address(image), width: image.width, height: image.height },
        ...attention,
      }),
    );
  }

  end(): void {
    this.#files.end();
  }
}

/** The image, made smaller, as a part of a page. */
function address(image: Image): string {
  const scale = Math.min(1, longest / Math.max(image.width, image.height));
  const size = [image.height, image.width].map((side) => Math.max(1, Math.round(side * scale)));
  const png = encodePng(scale < 1 ? resizeImage(image, [size[0], size[1]]) : image);
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}
