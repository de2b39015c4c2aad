import type { FoundUnits } from '../../protocol.ts';
import { FollowedRun } from '../../run/followed-run.svelte.ts';
import type { Run } from '../../run/run.svelte.ts';
import { atFirst, type Question, shownTokens } from './finder.svelte.ts';

/** A search that was kept, to stand beside others. */
export interface Kept {
  readonly run: Run;
  readonly text: string;
  readonly search: FoundUnits;
}

/** Whether two searches asked the same of the same text, so that what they found can be compared. */
const sameQuestion = (a: Kept, b: Kept): boolean =>
  a.search.property === b.search.property && isAll(a) === isAll(b) && a.text === b.text;

const isAll = ({ search }: Kept): boolean => search.searchedFrom === 0;

/** The most that can be told apart; the oldest goes first. */
const most = 24;

/** Searches side by side, of one run as it learns, or of several. */
class Comparison {
  kept = $state.raw<readonly Kept[]>([]);
  /** What is being searched. */
  busy = $state('');
  problem = $state('');
  #stopped = false;

  /** Those that asked what this one asks, with it; by run, and by updates. */
  columns(present: Kept): readonly Kept[] {
    const others = this.kept.filter((one) => sameQuestion(one, present) && !sameModel(one, present));
    return sorted([...others, present]);
  }

  has(present: Kept): boolean {
    return this.kept.some((one) => sameQuestion(one, present) && sameModel(one, present));
  }

  keep(found: Kept): void {
    const others = this.kept.filter((one) => !(sameQuestion(one, found) && sameModel(one, found)));
    this.kept = [...others, found].slice(-most);
  }

  forget(present: Kept): void {
    this.kept = this.kept.filter((one) => !sameQuestion(one, present));
  }

  /** Asks all these models, one after the other, what was asked of one. */
  async searchModels(present: Kept, runs: readonly Run[]): Promise<void> {
    this.keep(present);
    await this.#each(async () => {
      for (const run of runs) {
        if (run === present.run) continue;
        this.busy = run.name;
        const worker = await run.worker();
        const search = await worker.call('findUnits', inputOf(present));
        if (this.#stopped) return;
        if (search) this.keep({ ...present, run, search });
      }
    });
  }

  /** Asks all checkpoints that a run has kept. */
  async searchCheckpoints(present: Kept, run: FollowedRun): Promise<void> {
    this.keep(present);
    await this.#each(async () => {
      for await (const { step, worker } of run.checkpoints()) {
        if (this.#stopped) return;
        this.busy = `${run.name} after ${step.toLocaleString('en-US')} updates`;
        if (step === present.search.modelStep) continue;
        const search = await worker.call('findUnits', inputOf(present));
        if (search) this.keep({ ...present, search });
      }
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  async #each(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.#stopped = false;
    this.busy = '…';
    this.problem = '';
    try {
      await work();
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    } finally {
      this.busy = '';
    }
  }
}

export const comparison = new Comparison();

const sameModel = (a: Kept, b: Kept): boolean => a.run === b.run && a.search.modelStep === b.search.modelStep;

function sorted(all: readonly Kept[]): readonly Kept[] {
  const runs = [...new Set(all.map(({ run }) => run))];
  return all.toSorted((a, b) => runs.indexOf(a.run) - runs.indexOf(b.run) || a.search.modelStep - b.search.modelStep);
}

function inputOf(present: Kept): Omit<Question, 'run'> & { most: number | null; span: number } {
  const { text, search } = present;
  return { text, property: search.property, most: isAll(present) ? null : atFirst, span: shownTokens };
}

export const canSearchCheckpoints = (run: Run): run is FollowedRun => run instanceof FollowedRun;
