import type { GradientsInput, GradientsSeen, WeightsApart } from '../../protocol.ts';
import type { Run } from '../../run/run.svelte.ts';

/** Milliseconds between looks at least and at most, and how many times as long as a look takes: training goes first. */
const [every, longest, rest] = [700, 4000, 3];
const mostSnapshots = 120;
/** What was seen of runs, also while another room was shown. */
const histories = new WeakMap<Run, readonly WeightsApart[]>();

/** Looks at how gradients flow in a run, again and again as it trains. */
export class Watch {
  seen = $state.raw<GradientsSeen | null>(null);
  history = $state.raw<readonly WeightsApart[]>([]);
  /** Whether weights are taken apart that somebody asked for. */
  working = $state(false);
  problem = $state('');
  #run: Run | null = null;
  #input: GradientsInput | null = null;
  #busy = false;
  #again = false;
  #next = 0;
  #timer = 0;

  /** Another run, or other questions: the answer comes as soon as it can. */
  begin(run: Run, input: GradientsInput): void {
    if (run !== this.#run) {
      this.seen = null;
      this.history = histories.get(run) ?? [];
      this.problem = '';
    }
    [this.#run, this.#input] = [run, input];
    this.#next = 0;
    this.look();
  }

  /** The run may have gone on: looks when it is time. */
  look(): void {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => void this.#ask(), Math.max(0, this.#next - performance.now()));
  }

  /** Takes the weights of a layer apart that are too large to be looked at again and again. */
  async takeApart(layer: number): Promise<void> {
    const run = this.#run;
    if (!run || this.working) return;
    this.working = true;
    try {
      const worker = await run.worker();
      await worker.call('spectra', { layer }, (apart) => this.#keep(run, apart));
    } catch (error) {
      if (run === this.#run) this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      this.working = false;
    }
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#run = null;
  }

  async #ask(): Promise<void> {
    const [run, input] = [this.#run, this.#input];
    if (!run || !input) return;
    this.#busy = true;
    this.#again = false;
    const began = performance.now();
    try {
      const worker = await run.worker();
      const seen = await worker.call('gradients', input);
      if (run === this.#run) {
        this.seen = seen;
        this.problem = '';
        this.#keep(run, seen);
      }
    } catch (error) {
      if (run === this.#run) this.problem = error instanceof Error ? error.message : String(error);
    }
    const now = performance.now();
    this.#next = now + Math.max(every, run.ended ? 0 : Math.min(longest, rest * (now - began)));
    this.#busy = false;
    if (run !== this.#run || input !== this.#input) this.#next = 0;
    if (this.#again || run !== this.#run || input !== this.#input) this.look();
  }

  /** Every other one goes where there are many. */
  #keep(run: Run, { step, weights }: WeightsApart): void {
    if (weights.length === 0) return;
    const before = histories.get(run) ?? [];
    // Not those of a run that began anew.
    const past = before.filter((one) => one.step < step);
    const thinned = past.length < mostSnapshots ? past : past.filter((_, i) => i % 2 === 0);
    const same = before.find((one) => one.step === step)?.weights ?? [];
    const others = same.filter(({ layer, name }) => !weights.some((one) => one.layer === layer && one.name === name));
    const history = [...thinned, { step, weights: [...others, ...weights] }];
    histories.set(run, history);
    if (run === this.#run) this.history = history;
  }
}
