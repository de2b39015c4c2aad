import type { WriteInput, WrittenToken } from '../../protocol.ts';
import type { Run } from '../../run/run.svelte.ts';

/** What a model writes, as it comes. */
export class Writer {
  tokens = $state.raw<readonly WrittenToken[]>([]);
  writing = $state(false);
  problem = $state('');
  leftOut = $state.raw<readonly string[]>([]);
  /** Updates the model had made. */
  step = $state(0);
  /** What the tokens were asked for with. */
  input = $state.raw<WriteInput | null>(null);
  #asked = 0;
  #run: Run | null = null;

  /** Writes anew; what is still being written ends. */
  async write(run: Run, input: WriteInput): Promise<void> {
    const asked = ++this.#asked;
    if (this.#run && this.#run !== run) this.#hush(this.#run);
    this.#run = run;
    this.writing = true;
    this.problem = '';
    let first = true;
    try {
      const worker = await run.worker();
      if (asked !== this.#asked) return;
      const { leftOut } = await worker.call('write', input, (tokens) => {
        if (asked !== this.#asked) return;
        // The old text stays until the new one comes, so that nothing flickers.
        this.tokens = first ? tokens : [...this.tokens, ...tokens];
        this.input = input;
        if (first) this.step = run.step;
        first = false;
      });
      if (asked === this.#asked) this.leftOut = leftOut;
    } catch (error) {
      if (asked === this.#asked) this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      if (asked === this.#asked) this.writing = false;
    }
  }

  stop(): void {
    if (this.#run) this.#hush(this.#run);
  }

  /** Ends all, and forgets what was written. */
  clear(): void {
    this.#asked++;
    this.stop();
    this.tokens = [];
    this.leftOut = [];
    this.problem = '';
    this.writing = false;
  }

  #hush(run: Run): void {
    run
      .worker()
      .then((worker) => worker.call('stopWriting', null))
      .catch(() => {});
  }
}
