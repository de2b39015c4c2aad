import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { alignmentChart, routeChart } from 'unrolled/charts';
import { attentionOf, type NavigatorAnswer } from 'unrolled/tasks/navigate';
import { naming } from '../../failure.ts';

export function picturePath(path: string): string {
  if (extname(path).toLowerCase() === '.svg') return path;
  throw new InvalidArgumentError('It must be a file that ends in .svg.');
}

/** Writes a picture for each instruction: `out.svg`, `out-2.svg`, … */
export class PictureFiles {
  readonly #path: string;
  readonly #draw: (text: string, answer: NavigatorAnswer) => string;
  #count = 0;

  constructor(path: string, draw: (text: string, answer: NavigatorAnswer) => string) {
    this.#path = path;
    this.#draw = draw;
  }

  add(text: string, answer: NavigatorAnswer): void {
    this.#count++;
    const path = this.#count === 1 ? this.#path : this.#path.replace(/\.svg$/i, `-${this.#count}.svg`);
    naming(path, () => writeFileSync(path, this.#draw(text, answer)));
  }
}

const clip = (text: string): string => ([...text].length > 60 ? `${[...text].slice(0, 60).join('')}…` : text);

/** The path over the map. */
export const drawRoute = (text: string, { map, poses }: NavigatorAnswer): string =>
  routeChart({
    title: clip(text),
    description: `A path over map ${map.name}. Made by: unrolled navigate predict --picture`,
    ...{ places: map.places, paths: map.paths, poses },
  });

/** The words attended at each move, all sentences one below the other. */
export const drawAttention = (text: string, answer: NavigatorAnswer): string =>
  alignmentChart({
    title: clip(text),
    description: 'The words attended at each move. Made by: unrolled navigate predict --attention',
    ...attentionOf(answer),
  });
