import { PageRun } from '../../run/page-run.svelte.ts';
import { texts } from '../../texts/texts.ts';

/** Updates a second, so that one can watch. */
export const usualPace = 12;

function newRun(cell: string, pace: number): PageRun {
  const { defaults, file } = texts[0];
  return new PageRun('hello', '“hello”', 'hello', file, { ...defaults, cell }, { temperature: 0, pace }, 1);
}

/** The four letters that learn to say hello, in this room alone. */
class Example {
  #cell = 'rnn';
  run = $state.raw(newRun(this.#cell, usualPace));

  /** The example with this cell, new if it was another. */
  choose(cell: string): void {
    if (cell === this.#cell) return;
    this.#cell = cell;
    this.#begin(usualPace);
  }

  /** The same once more from the beginning, at once. */
  again(pace: number): void {
    this.#begin(pace);
    this.run.run();
  }

  #begin(pace: number): void {
    this.run.close();
    this.run = newRun(this.#cell, pace);
  }
}

export const example = new Example();
