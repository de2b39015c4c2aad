import type { CallbackState } from '../training/progress.ts';
import type { Callback, FitContext, Logs } from './callback.ts';

/** The callbacks of a run, in the order in which they were given; those that save come last. */
export class CallbackList {
  readonly #list: readonly Callback[];
  readonly #context: FitContext;

  constructor(list: readonly Callback[], context: FitContext) {
    this.#list = list;
    this.#context = context;
  }

  async each(call: (one: Callback) => void | Promise<void>): Promise<void> {
    for (const one of this.#list) await call(one);
  }

  /** @param saved  what callbacks of the same names and places remember from a training that goes on */
  async begin(saved: Readonly<Record<string, CallbackState>>): Promise<void> {
    await this.each((one) => one.onTrainBegin?.(this.#context));
    for (const [key, one] of this.#named()) {
      const kept = saved[key];
      if (!kept) continue;
      one.setState?.(kept.state);
      one.setArrays?.(kept.arrays);
    }
  }

  /** @param remember  takes what callbacks remember, before those are called that save it */
  async epochEnd(
    epoch: number,
    logs: Logs,
    remember: (states: Readonly<Record<string, CallbackState>>) => void,
  ): Promise<void> {
    for (const saves of [false, true]) {
      for (const one of this.#list) {
        if ((one.saves ?? false) !== saves) continue;
        if (saves) remember(this.states());
        await one.onEpochEnd?.(epoch, logs, this.#context);
      }
    }
    remember(this.states());
  }

  /** Whether a callback wants training to end without an error. */
  async endsQuietly(error: Error): Promise<boolean> {
    let quietly = false;
    for (const one of this.#list) if (await one.onDivergence?.(error, this.#context)) quietly = true;
    return quietly;
  }

  states(): Readonly<Record<string, CallbackState>> {
    const remembering = this.#named().filter(([, one]) => one.getState || one.getArrays);
    return Object.fromEntries(
      remembering.map(([key, one]) => [key, { state: one.getState?.() ?? null, arrays: one.getArrays?.() ?? {} }]),
    );
  }

  #named(): (readonly [string, Callback])[] {
    const seen = new Map<string, number>();
    return this.#list.map((one) => {
      const name = one.name ?? 'callback';
      const nth = seen.get(name) ?? 0;
      seen.set(name, nth + 1);
      return [`${name}:${nth}`, one];
    });
  }
}
