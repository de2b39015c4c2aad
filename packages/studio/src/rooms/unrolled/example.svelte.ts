import { PageRun } from '../../run/page-run.svelte.ts';
import { texts } from '../../texts/texts.ts';

/** Updates a second, so that one can watch. */
export const usualPace = 12;

/** The four letters that learn to say hello, in this room alone. */
class Example {
  run = $state.raw<PageRun | null>(null);
  #cell = '';

  /** The example with this cell, new if it was another. */
  of(cell: string): PageRun {
    if (this.run && this.#cell === cell) return this.run;
    this.run?.close();
    this.#cell = cell;
    const { defaults, file } = texts[0];
    this.run = new PageRun(
      'hello',
      '“hello”',
      'hello',
      file,
      { ...defaults, cell },
      { temperature: 0, pace: usualPace },
      1,
    );
    return this.run;
  }

  /** The same once more from the beginning. */
  again(): PageRun {
    const cell = this.#cell;
    this.#cell = '';
    return this.of(cell);
  }
}

export const example = new Example();
