import { cellTitle } from '../cell-titles.ts';
import { shippedModels } from '../models/models.ts';
import type { RunSpec, Tuning } from '../protocol.ts';
import { FileRun } from './file-run.svelte.ts';
import { PageRun } from './page-run.svelte.ts';
import type { Run } from './run.svelte.ts';
import { ShippedRun } from './shipped-run.svelte.ts';

/** The runs of the page: those that train side by side in room Train, and those of the command that it follows. */
class Shelf {
  runs = $state.raw<readonly Run[]>([]);
  /** Models that were opened from files: they do not train, but can be looked into. */
  opened = $state.raw<readonly FileRun[]>([]);
  /** Small trained models that come with the page. */
  readonly shipped: readonly ShippedRun[] = shippedModels.map((model) => new ShippedRun(model));
  #count = 0;

  /** Those that are led from here. */
  get led(): readonly PageRun[] {
    return this.runs.filter((run): run is PageRun => run instanceof PageRun);
  }

  get followed(): readonly Run[] {
    return this.runs.filter((run) => !run.led);
  }

  find(id: string | null): Run | null {
    return this.#all.find((run) => run.id === id) ?? null;
  }

  /** All models of these kinds: first the reader's own, then those that come with the page. */
  modelsOf(kinds: readonly string[]): readonly Run[] {
    return this.#all.filter((run) => kinds.includes(run.kind));
  }

  /** The reader's own runs and models of other kinds, where there is none of these. */
  elsewhere(kinds: readonly string[]): readonly Run[] {
    const own = [...this.runs, ...this.opened];
    return own.some(({ kind }) => kinds.includes(kind)) ? [] : own;
  }

  get #all(): readonly Run[] {
    return [...this.led, ...this.followed, ...this.opened, ...this.shipped];
  }

  /** @throws WorkerFailure if the file holds no model that can be opened here */
  async open(file: File): Promise<FileRun> {
    const run = new FileRun(`file-${++this.#count}`, file);
    try {
      await run.worker();
    } catch (error) {
      run.close();
      throw error;
    }
    this.opened = [...this.opened, run];
    return run;
  }

  add(run: Run): void {
    this.runs = [...this.runs, run];
  }

  /** New runs on one text, in place of those that were led before. */
  begin(text: string, textName: string, specs: readonly RunSpec[], tuning: Tuning): readonly PageRun[] {
    for (const run of this.led) run.close();
    const begun = specs.map((spec) => {
      const id = `here-${++this.#count}`;
      return new PageRun(id, cellTitle(spec.cell), text, textName, spec, tuning, threadsFor(spec, specs.length));
    });
    this.runs = [...begun, ...this.followed];
    return begun;
  }
}

/** Cores are shared among runs; a small network is done before a second thread has woken up. Results do not depend on it. */
function threadsFor({ batch, hidden }: RunSpec, runs: number): number {
  if (!crossOriginIsolated || batch * hidden < 1024) return 1;
  return Math.max(1, Math.min(8, Math.floor(navigator.hardwareConcurrency / runs)));
}

export const shelf = new Shelf();
