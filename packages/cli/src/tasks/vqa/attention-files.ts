import { attentionMaps } from 'unrolled/charts';
import type { Answer, Answerer, ImageQuestion } from 'unrolled/tasks/vqa';
import { Failure } from '../../failure.ts';
import { imageAddress } from '../image-address.ts';
import { PictureFiles } from '../picture-files.ts';

/** Writes what attention looked at for answers: a picture for each question, or all as one JSON array. */
export class AttentionFiles {
  readonly #files: PictureFiles;

  /** @throws Failure if the model has no attention */
  constructor({ config }: Answerer, path: string) {
    if (config.attention === 0) throw new Failure('--attention: this model has no attention to show', 2);
    this.#files = new PictureFiles(path);
  }

  add({ image, question }: ImageQuestion, { answer, attention }: Answer): void {
    if (attention === null) return;
    const words = attention.weights.map((_, k) => (attention.weights.length === 1 ? answer : `layer ${k + 1}`));
    this.#files.add({ question, answer, ...attention }, () =>
      attentionMaps({
        title: `${question} ${answer}`,
        description: 'Where the model looked. Made by: unrolled vqa predict --attention',
        image: { href: imageAddress(image), width: image.width, height: image.height },
        ...{ words, ...attention },
      }),
    );
  }

  end(): void {
    this.#files.end();
  }
}
