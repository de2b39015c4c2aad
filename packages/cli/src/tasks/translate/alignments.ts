import { alignmentChart } from 'unrolled/charts';
import type { Translation, Translator } from 'unrolled/tasks/translate';
import { Failure } from '../../failure.ts';
import { PictureFiles } from '../picture-files.ts';

/** Writes the attention weights of translations: a picture for each, or all as one JSON array. */
export class AlignmentFiles {
  readonly #files: PictureFiles;

  /** @throws Failure if the model has no attention */
  constructor({ config }: Translator, path: string) {
    if (config.attention === 'none') throw new Failure('--alignment: this model has no attention to show', 2);
    this.#files = new PictureFiles(path);
  }

  add(text: string, { text: translation, alignment }: Translation): void {
    // An empty translation has no attention weights.
    if (alignment === null) return;
    const title = `${clip(text)} → ${clip(translation)}`;
    const description =
      'What each token of the translation attended to. Made by: unrolled translate predict --alignment';
    this.#files.add({ text, translation, ...alignment }, () => alignmentChart({ title, description, ...alignment }));
  }

  end(): void {
    this.#files.end();
  }
}

const clip = (text: string): string => ([...text].length > 60 ? `${[...text].slice(0, 60).join('')}…` : text);
