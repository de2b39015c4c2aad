import type { CallName, Calls } from '../../protocol.ts';
import type { Run } from '../../run/run.svelte.ts';

/** Asks a model the last question; those that came meanwhile are passed over. */
export class Asker<Name extends CallName> {
  /** The last answer, with what was asked: marks must not slip while one types. */
  answer = $state.raw<{ readonly input: Calls[Name]['input']; readonly result: Calls[Name]['result'] } | null>(null);
  problem = $state('');
  readonly #call: Name;
  #busy = false;
  #turn = 0;
  #next: { readonly run: Run; readonly input: Calls[Name]['input'] } | null = null;

  constructor(call: Name) {
    this.#call = call;
  }

  /** Forgets what was answered; what is still being asked is dropped when it comes. */
  clear(): void {
    this.answer = null;
    this.problem = '';
    this.#next = null;
    this.#turn++;
  }

  async ask(run: Run, input: Calls[Name]['input']): Promise<void> {
    this.#next = { run, input };
    if (this.#busy) return;
    this.#busy = true;
    while (this.#next) {
      const { run, input } = this.#next;
      const turn = this.#turn;
      this.#next = null;
      try {
        const worker = await run.worker();
        const result = await worker.call(this.#call, input);
        if (turn !== this.#turn) continue;
        if (!this.#next) this.answer = { input, result };
        this.problem = '';
      } catch (error) {
        if (turn === this.#turn) this.problem = error instanceof Error ? error.message : String(error);
      }
    }
    this.#busy = false;
  }
}
