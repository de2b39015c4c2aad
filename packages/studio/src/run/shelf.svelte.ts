import type { RunSpec, Tuning } from '../protocol.ts';
import { PageRun } from './page-run.svelte.ts';
import type { Run } from './run.svelte.ts';

/** The runs of the page: those that train side by side in room Train, and those of the command that it follows. */
class Shelf {
  runs = $state.raw<readonly Run[]>([]);
  #count = 0;

  /** Those that are led from here. */
  get led(): readonly PageRun[] {
    return this.runs.filter((run): run is PageRun => run instanceof PageRun);
  }

  get followed(): readonly Run[] {
    return this.runs.filter((run) => !run.led);
  }

  find(id: string | null): Run | null {
    return this.runs.find((run) => run.id === id) ?? null;
  }

  add(run: Run): void {
    this.runs = [...this.runs, run];
  }

  /** New runs on one text, in place of those that were led before. */
  begin(text: string, textName: string, specs: readonly RunSpec[], tuning: Tuning): readonly PageRun[] {
    for (const run of this.led) run.close();
    const begun = specs.map((spec) => {
      const id = `here-${++this.#count}`;
      return new PageRun(id, nameOf(spec), text, textName, spec, tuning, threadsFor(spec, specs.length));
    });
    this.runs = [...this.followed, ...begun];
    return begun;
  }
}

const nameOf = ({ cell }: RunSpec): string => (cell.length <= 4 ? cell.toUpperCase() : cell);

/** Cores are shared among runs; a small network is done before a second thread has woken up. Results do not depend on it. */
function threadsFor({ batch, hidden }: RunSpec, runs: number): number {
  if (!crossOriginIsolated || batch * hidden < 1024) return 1;
  return Math.max(1, Math.min(8, Math.floor(navigator.hardwareConcurrency / runs)));
}

export const shelf = new Shelf();
