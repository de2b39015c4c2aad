import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { alignmentChart } from 'unrolled/charts';
import type { Alignment, Translation, Translator } from 'unrolled/tasks/translate';
import { Failure, naming } from '../../failure.ts';

export function alignmentPath(path: string): string {
  if (['.svg', '.json'].includes(extname(path).toLowerCase())) return path;
  throw new InvalidArgumentError('It must be a file that ends in .svg or .json.');
}

/** Writes the attention weights of translations: `out.svg`, `out-2.svg`, … a picture for each, or all as one JSON array. */
export class AlignmentFiles {
  readonly #path: string;
  readonly #kept: ({ readonly text: string; readonly translation: string } & Alignment)[] = [];
  #count = 0;

  /** @throws Failure if the model has no attention */
  constructor({ config }: Translator, path: string) {
    if (config.attention === 'none') throw new Failure('--alignment: this model has no attention to show', 2);
    this.#path = path;
  }

  add(text: string, { text: translation, alignment }: Translation): void {
    // An empty translation has no attention weights.
    if (alignment === null) return;
    this.#count++;
    if (this.#isJson) {
      this.#kept.push({ text, translation, ...alignment });
      return;
    }
    const extension = extname(this.#path);
    const path =
      this.#count === 1 ? this.#path : `${this.#path.slice(0, -extension.length)}-${this.#count}${extension}`;
    const title = `${clip(text)} → ${clip(translation)}`;
    const description =
      'What each token of the translation attended to. Made by: unrolled translate predict --alignment';
    naming(path, () => writeFileSync(path, alignmentChart({ title, description, ...alignment })));
  }

  end(): void {
    if (!this.#isJson) return;
    naming(this.#path, () => writeFileSync(this.#path, `${JSON.stringify(this.#kept, rounded)}\n`));
  }

  get #isJson(): boolean {
    return extname(this.#path).toLowerCase() === '.json';
  }
}

const rounded = (_: string, value: unknown): unknown =>
  typeof value === 'number' ? Number(value.toPrecision(5)) : value;
const clip = (text: string): string => ([...text].length > 60 ? `${[...text].slice(0, 60).join('')}…` : text);
