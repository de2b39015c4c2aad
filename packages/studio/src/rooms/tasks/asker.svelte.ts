import type { AskInput } from '../../protocol.ts';
import type { Run } from '../../run/run.svelte.ts';
import type { Asked } from './asked.ts';

interface Question {
  readonly run: Run;
  readonly asked: Asked;
  readonly input: AskInput;
}

interface Answer {
  readonly run: Run;
  readonly asked: Asked;
  readonly answer: unknown;
  readonly explanation: unknown;
}

/** Asks a model the last question; those that came meanwhile are passed over. */
export class Asker {
  /** The last answer. */
  shown = $state.raw<Answer | null>(null);
  problem = $state('');
  #busy = false;
  #turn = 0;
  #next: Question | null = null;

  /** Forgets what was answered; what is still being asked is dropped when it comes. */
  clear(): void {
    this.shown = null;
    this.problem = '';
    this.#next = null;
    this.#turn++;
  }

  async ask(run: Run, asked: Asked, input: AskInput): Promise<void> {
    this.#next = { run, asked, input };
    if (this.#busy) return;
    this.#busy = true;
    while (this.#next) {
      const { run, asked, input } = this.#next;
      const turn = this.#turn;
      this.#next = null;
      try {
        const worker = await run.worker();
        const result = await worker.call('ask', input);
        if (turn !== this.#turn) continue;
        if (!this.#next) this.shown = { run, asked, ...result };
        this.problem = '';
      } catch (error) {
        if (turn === this.#turn) this.problem = error instanceof Error ? error.message : String(error);
      }
    }
    this.#busy = false;
  }
}
