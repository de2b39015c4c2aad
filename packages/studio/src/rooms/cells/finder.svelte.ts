import type { CellSearch, CellStretch, HeldCell } from '../../protocol.ts';
import type { Run } from '../../run/run.svelte.ts';

/** Tokens of the text that are shown, and those that are searched at first: enough to be sure, soon done. */
export const [shownTokens, atFirst] = [900, 60_000];

/** What was found, with a stretch of the text that it was found in. */
export interface Shown {
  readonly search: CellSearch;
  readonly stretch: CellStretch;
}

/** Which cells follow what, in which text. */
export interface Question {
  readonly run: Run;
  readonly text: string;
  readonly property: string;
}

/** Asks a run's worker for cells: of the end of a text first, then of all of it. */
export class Finder {
  shown = $state.raw<Shown | null>(null);
  problem = $state('');
  /** Until there is a first answer. */
  searching = $state(false);
  /** The share of the whole text that was read; null while it is not searched. */
  share = $state<number | null>(null);
  #turn = 0;
  #asked: Question | null = null;
  /** Where to go next; what is asked for meanwhile takes its place. */
  #wanted: number | null = null;
  #going = false;

  /**
   * Searches with the model as it is now; what was asked before is forgotten.
   * @param all  whether the whole text is searched, once the end of it was
   * @param at  the token from which the text is shown; null: where the property changes
   */
  async find(ask: () => Promise<Question>, all: boolean, at: number | null): Promise<void> {
    const turn = ++this.#turn;
    this.searching = true;
    this.share = null;
    this.problem = '';
    try {
      const question = await ask();
      if (turn !== this.#turn) return;
      this.#asked = question;
      await this.#ask(question, atFirst, at, turn);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.problem = told(error);
      this.shown = null;
    } finally {
      if (turn === this.#turn) this.searching = false;
    }
    if (all && turn === this.#turn) await this.findInAll();
  }

  /** Searches the whole text; what was found in a part stays meanwhile. */
  async findInAll(): Promise<void> {
    const [question, turn, part] = [this.#asked, this.#turn, this.shown?.search];
    if (!question || !part || part.searchedFrom === 0 || this.share !== null) return;
    this.share = 0;
    try {
      await this.#ask(question, null, this.shown?.stretch.from ?? null, turn);
    } catch (error) {
      if (turn === this.#turn) this.problem = told(error);
    } finally {
      if (turn === this.#turn) this.share = null;
    }
  }

  /** Calls off the search of the whole text. */
  cancel(): void {
    void this.#asked?.run.worker().then((worker) => worker.call('stopFindingCells', null));
  }

  async #ask({ run, text, property }: Question, most: number | null, at: number | null, turn: number): Promise<void> {
    const worker = await run.worker();
    const search = await worker.call('findCells', { text, property, most, stretch: shownTokens }, (share) => {
      if (turn === this.#turn && most === null) this.share = share;
    });
    if (turn !== this.#turn || search === null) return;
    const stretch = await worker.call('cellStretch', placeIn(search, at ?? search.from));
    if (turn === this.#turn) this.shown = { search, stretch };
  }

  /** Shows another stretch of the text. */
  async show(from: number): Promise<void> {
    this.#wanted = from;
    if (this.#going || !this.#asked) return;
    this.#going = true;
    try {
      while (this.#wanted !== null && this.shown) {
        const [turn, { search }] = [this.#turn, this.shown];
        const place = placeIn(search, this.#wanted);
        this.#wanted = null;
        const worker = await this.#asked.run.worker();
        const stretch = await worker.call('cellStretch', place);
        if (turn === this.#turn && this.shown.search === search) this.shown = { search, stretch };
      }
    } catch (error) {
      this.problem = told(error);
    } finally {
      this.#going = false;
    }
  }

  async hold(cell: string, value: number, prompt: string): Promise<HeldCell> {
    const worker = await this.#asked!.run.worker();
    return worker.call('holdCell', { cell, value, prompt, length: 240, temperature: 0.5, seed: 1 });
  }
}

/** A whole stretch, as long as the text has one. */
const placeIn = ({ tokens }: CellSearch, from: number): { from: number; length: number } => ({
  from: Math.max(0, Math.min(from, tokens - shownTokens)),
  length: shownTokens,
});

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error));
