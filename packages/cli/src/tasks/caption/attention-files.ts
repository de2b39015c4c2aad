import { attentionMaps } from 'unrolled/charts';
import type { Image } from 'unrolled/images';
import type { Caption, Captioner } from 'unrolled/tasks/caption';
import { Failure } from '../../failure.ts';
import { encodePng } from '../../output/png.ts';
import { attentionSheet } from '../attention-sheet.ts';
import { imageAddress } from '../image-address.ts';
import { PictureFiles } from '../picture-files.ts';

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
    this.#files.add({ image: name, caption: text, ...attention }, () => {
      if (this.#files.inPixels) return encodePng(attentionSheet(image, attention));
      return attentionMaps({
        title: text === '' ? '(an empty caption)' : text,
        description: `What the model looked at for each word about ${name}. Made by: unrolled caption predict --attention`,
        image: { href: imageAddress(image), width: image.width, height: image.height },
        ...attention,
      });
    });
  }

  end(): void {
    this.#files.end();
  }
}
