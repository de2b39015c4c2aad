import type { WorkerClient } from '../../client.ts';
import type { FoundUnits, HeldUnit, SimilarSpans, SimilarSpansInput, TextSpan } from '../../protocol.ts';
import type { Run } from '../../run/run.svelte.ts';

/** Tokens of the text that are shown, and those that are searched at first: enough to be sure, soon done. */
export const [shownTokens, atFirst] = [900, 30_000];

/** Which units follow what, in which text. */
export interface Question {
  readonly run: Run;
  readonly text: string;
  readonly property: string;
}

/** What was found, with a span of the text that it was found in. */
export interface Shown extends Question {
  readonly search: FoundUnits;
  readonly span: TextSpan;
}

/** Asks a run's worker for units: of the end of a text first, then of all of it. */
export class Finder {
  shown = $state.raw<Shown | null>(null);
  problem = $state('');
  /** Until there is a first answer. */
  searching = $state(false);
  /** The share of the whole text that was read; null while it is not searched. */
  share = $state<number | null>(null);
  #turn = 0;
  #asked: Question | null = null;
  /** The worker that was asked: another one may have a newer model. */
  #worker: WorkerClient | null = null;
  /** The place that was asked for last; null: where the property changes. */
  #place: number | null = null;
  /** Whether the text is not there yet. */
  #wanted = false;
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
    this.#place = at;
    try {
      const question = await ask();
      const worker = await question.run.worker();
      if (turn !== this.#turn) return;
      [this.#asked, this.#worker] = [question, worker];
      await this.#ask(question, atFirst, turn);
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
    this.#place ??= this.shown?.span.from ?? null;
    try {
      await this.#ask(question, null, turn);
    } catch (error) {
      if (turn === this.#turn) this.problem = told(error);
    } finally {
      if (turn === this.#turn) this.share = null;
    }
  }

  /** Calls off the search of the whole text. */
  cancel(): void {
    void this.#worker?.call('stopFindingUnits', null).catch(() => {});
  }

  async #ask(question: Question, most: number | null, turn: number): Promise<void> {
    const [worker, { text, property }] = [this.#worker!, question];
    const search = await worker.call('findUnits', { text, property, most, span: shownTokens }, (share) => {
      if (turn === this.#turn && most === null) this.share = share;
    });
    if (turn !== this.#turn || search === null) return;
    const span = await worker.call('textSpan', placeIn(search, this.#place ?? search.from));
    if (turn === this.#turn) this.shown = { ...question, search, span };
  }

  /** Shows another span of the text. */
  async show(from: number): Promise<void> {
    [this.#place, this.#wanted] = [from, true];
    if (this.#going) return;
    this.#going = true;
    try {
      while (this.#wanted && this.shown) {
        const { shown } = this;
        this.#wanted = false;
        const span = await this.#worker!.call('textSpan', placeIn(shown.search, this.#place ?? 0));
        if (this.shown === shown) this.shown = { ...shown, span };
      }
    } catch (error) {
      // While there is a new search, what it finds is shown next.
      if (!this.searching) this.problem = told(error);
    } finally {
      this.#going = false;
    }
  }

  /** Other places with a state like that of a span. @returns null if another one was asked for meanwhile */
  similar(input: SimilarSpansInput, onShare: (share: number) => void): Promise<SimilarSpans | null> {
    return this.#worker!.call('similarSpans', input, onShare);
  }

  hold(unit: string, value: number, prompt: string): Promise<HeldUnit> {
    return this.#worker!.call('holdUnit', { unit, value, prompt, length: 240, temperature: 0.5, seed: 1 });
  }
}

/** A whole span, as long as the text has one. */
const placeIn = ({ tokens }: FoundUnits, from: number): { from: number; length: number } => ({
  from: Math.max(0, Math.min(from, tokens - shownTokens)),
  length: shownTokens,
});

const told = (error: unknown): string => (error instanceof Error ? error.message : String(error));
