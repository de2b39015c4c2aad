import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { Failure } from '../failure.ts';
import type { Job, Report, WorkerSetup } from './protocol.ts';

/** Workers where none are asked for: one for each core, of which more than these would wait for memory. */
export const defaultWorkers = (): number => Math.min(16, availableParallelism());

/** A job that is done. */
export interface Done<Result> {
  /** Of the job among those that were given. */
  readonly index: number;
  readonly result: Result;
  readonly seconds: number;
}

/** Threads that do jobs, each one at a time. They start with the first job, and stay until `close`. */
export class WorkerPool {
  readonly #setup: WorkerSetup;
  readonly #size: number;
  readonly #workers: Worker[] = [];

  constructor(setup: WorkerSetup, size: number) {
    this.#setup = setup;
    this.#size = size;
  }

  /**
   * Does jobs, in the order in which they become ready.
   * @throws Failure if a worker fails; the signal's reason if it is aborted, when the jobs that run are given up
   */
  async *run<Result>(jobs: readonly Job[], signal: AbortSignal): AsyncGenerator<Done<Result>, void> {
    while (this.#workers.length < Math.min(this.#size, jobs.length)) this.#workers.push(this.#start());
    const ready: Done<Result>[] = [];
    let problem: Error | null = null;
    let [next, done] = [0, 0];
    let wake = (): void => {};
    const give = (worker: Worker): void => {
      if (next < jobs.length) worker.postMessage({ id: next, job: jobs[next++] });
    };
    const onMessage = (worker: Worker) => (report: Report) => {
      if ('error' in report) {
        problem = new Failure(`search: a candidate failed: ${report.error}`, 1, { cause: causeOf(report) });
      } else {
        ready.push({ index: report.id, result: report.result as Result, seconds: report.seconds });
        give(worker);
      }
      wake();
    };
    const onProblem = (error: Error): void => {
      problem ??= error;
      wake();
    };
    const onExit = (code: number): void => onProblem(new Failure(`search: a worker ended with code ${code}`));
    const onAbort = (): void => wake();
    const undo = this.#workers.map((worker) => {
      const message = onMessage(worker);
      worker.on('message', message).on('error', onProblem).on('exit', onExit);
      return () => worker.off('message', message).off('error', onProblem).off('exit', onExit);
    });
    signal.addEventListener('abort', onAbort);
    try {
      for (const worker of this.#workers) give(worker);
      while (done < jobs.length) {
        while (ready.length === 0 && problem === null && !signal.aborted) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        const first = ready.shift();
        if (first) {
          done++;
          yield first;
          continue;
        }
        if (problem !== null) throw problem;
        signal.throwIfAborted();
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      for (const one of undo) one();
      // What still runs would report to the next round.
      if (done < jobs.length) await this.close();
    }
  }

  #start(): Worker {
    // Options of this process, such as a debugger's, are not for its threads.
    return new Worker(new URL('./worker.ts', import.meta.url), { workerData: this.#setup, execArgv: [] });
  }

  /** Ends all workers. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.terminate()));
  }
}

function causeOf({ error, stack }: Extract<Report, { error: string }>): Error {
  const cause = new Error(error);
  cause.stack = stack;
  return cause;
}
