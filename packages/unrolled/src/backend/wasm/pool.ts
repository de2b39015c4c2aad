import { DeviceError } from '../../errors.ts';
import { Abandoned, Control, type Patience } from './control.ts';
import type { Kernels } from './generated/kernels.ts';
import {
  host,
  type NodeThreads,
  type NodeWorker,
  nodeThreads,
  type PageWorker,
  type WasmMemory,
  type WasmModule,
} from './host.ts';
import { jobs } from './jobs/index.ts';
import type { Job, JobParameters } from './jobs/job.ts';
import type { LeastForBlas, Products } from './jobs/products.ts';
import type { WorkerReport, WorkerSetup } from './worker.ts';

/** A running worker, of Node or of a page. */
interface Thread {
  stop(): void;
  /** False once it has ended. Always true where this cannot be checked synchronously, as in a page. */
  isAlive(): boolean;
}

const START_MS = 20_000;

export interface PoolOptions {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  readonly kernels: Kernels;
  readonly products: Products;
  /** The BLAS that workers open, too; null: none. */
  readonly blas: string | null;
  readonly blasFrom?: LeastForBlas;
  /** With the calling thread, which does part 0 of every job. */
  readonly threads: number;
  /** See `WasmOptions`. */
  readonly patienceMs: number;
}

/** Threads that run jobs together with the calling thread. Some time after a job they go to sleep. */
export class Pool {
  readonly threads: number;
  readonly #kernels: Kernels;
  readonly #products: Products;
  readonly #control = new Control();
  readonly #patienceMs: number;
  readonly #workers: Thread[] = [];
  /** Why no further job can run. */
  #broken: string | null = null;

  private constructor({ kernels, products, threads, patienceMs }: PoolOptions) {
    this.#kernels = kernels;
    this.#products = products;
    this.threads = threads;
    this.#patienceMs = patienceMs;
  }

  /** @throws DeviceError if a worker does not start */
  static async start(options: PoolOptions): Promise<Pool> {
    const pool = new Pool(options);
    const { module, memory, blas, blasFrom, threads } = options;
    const control = pool.#control.buffer;
    const generation = pool.#control.generation;
    const starts = Array.from({ length: threads - 1 }, (_, i) =>
      pool.#startWorker({ module, memory, blas, blasFrom, control, generation, part: i + 1, parts: threads }),
    );
    try {
      await Promise.all(starts);
    } catch (cause) {
      pool.close();
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new DeviceError(`wasmBackend: a worker did not start: ${reason}; use threads: 1`, { threads }, { cause });
    }
    return pool;
  }

  /** Runs a job on all threads. @throws DeviceError if a part fails or a worker has died */
  run(job: Job, parameters: JobParameters<string>): void {
    if (this.#broken !== null) throw this.#error(this.#broken);
    for (const [number, phase] of job.phases.entries()) {
      if (phase.needed?.(parameters) ?? true) this.#runPhase(job, number, parameters);
    }
  }

  #runPhase(job: Job, number: number, parameters: JobParameters<string>): void {
    const control = this.#control;
    control.start({ job: jobs.indexOf(job), phase: number }, job, parameters, this.threads - 1);
    const patience = this.#patience();
    const run = (part: number): void => {
      const share = control.share(part, this.threads, patience);
      job.phases[number].run(this.#kernels, parameters, share, this.#products);
    };
    try {
      run(0);
      // What no other thread has begun by now, asleep or kept from running, is done here.
      for (let part = 1; part < this.threads && !job.hasBarriers; part++) {
        if (!control.claim(part)) continue;
        try {
          run(part);
          if (!patience.allAlive()) control.fail('a worker ended');
        } finally {
          control.done();
        }
      }
    } catch (error) {
      if (!(error instanceof Abandoned)) control.fail(error instanceof Error ? error.message : String(error));
    }
    const finished = control.waitForAll(patience);
    if (!finished) control.fail(patience.allAlive() ? 'a worker gave no answer' : 'a worker ended');
    if (!control.hasFailed) return;
    this.#broken ??= control.failure;
    this.#stop();
    throw this.#error(this.#broken);
  }

  /** Whether the threads would take a job at once. */
  get isAwake(): boolean {
    return this.#control.isAwake;
  }
  /** Whether every further job fails. */
  get isBroken(): boolean {
    return this.#broken !== null;
  }

  #patience(): Patience {
    const started = host.performance.now();
    let waited = 0;
    return {
      // Parts are about equal, so others take about as long as this thread; on a busy machine many times as long.
      ms: () => this.#patienceMs + 100 * (host.performance.now() - started - waited),
      allAlive: () => this.#workers.every((worker) => worker.isAlive()),
      waited: (ms) => {
        waited += ms;
      },
    };
  }

  /** Terminates one worker without notice, as a crash would; for tests. */
  killWorker(index: number): void {
    this.#workers[index].stop();
  }

  close(): void {
    this.#broken ??= 'it is closed';
    this.#stop();
  }

  #stop(): void {
    this.#control.quit();
    for (const worker of this.#workers) worker.stop();
  }

  #error(reason: string): DeviceError {
    return new DeviceError(`the threads of this backend have stopped: ${reason}; open a new device`, { reason });
  }

  #startWorker(setup: WorkerSetup): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = host.setTimeout(() => reject(new Error(`no sign of life in ${START_MS} ms`)), START_MS);
      const events: WorkerEvents = {
        message: (message) => {
          host.clearTimeout(timer);
          const { error } = message as WorkerReport;
          if (error === null) resolve();
          else reject(new Error(error));
        },
        died: (reason) => {
          host.clearTimeout(timer);
          this.#broken ??= reason;
          reject(new Error(reason));
        },
      };
      this.#workers.push(startThread(setup, `unrolled-${setup.part}`, events));
    });
  }
}

interface WorkerEvents {
  message(message: unknown): void;
  died(reason: string): void;
}

/** What a page has under this name; Node has none. */
declare const Worker: new (script: URL, options: { type: 'module' }) => PageWorker;

/** In Node a thread that does not keep the program running, in a page a module worker. */
function startThread(setup: WorkerSetup, name: string, events: WorkerEvents): Thread {
  const node = nodeThreads();
  // The only place where the library names one of its files. The build writes worker.js here, and the second form is
  // written as bundlers expect it.
  if (node !== undefined) return startNodeThread(node, new URL('./worker.ts', import.meta.url), setup, name, events);
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.onmessage = ({ data }) => events.message(data);
  worker.onerror = ({ message }) => events.died(`a worker died: ${message ?? 'its script could not be loaded'}`);
  worker.postMessage(setup);
  return { stop: () => worker.terminate(), isAlive: () => true };
}

function startNodeThread(
  node: NodeThreads,
  script: URL,
  setup: WorkerSetup,
  name: string,
  events: WorkerEvents,
): Thread {
  // The worker must not inherit the program's own Node options (such as a test runner's).
  const worker = new node.Worker(script, { workerData: setup, name, execArgv: [] });
  worker.on('message', events.message);
  worker.on('error', (error) => events.died(`a worker died: ${error.message}`));
  worker.on('exit', (code) => events.died(`a worker ended with code ${code}`));
  worker.unref();
  // Other runtimes with Node's interface may not measure this: then none would ever appear alive.
  let measured = false;
  const isAlive = (): boolean => {
    const running = isRunning(worker);
    measured ||= running;
    return running || !measured;
  };
  worker.once('message', isAlive);
  return { stop: () => void worker.terminate(), isAlive };
}

/**
 * Whether a Node worker is still running, checked synchronously (its exit event needs the event loop): measurements of its
 * own event loop are negative or 0 once it has ended.
 */
function isRunning({ performance }: NodeWorker): boolean {
  const { idle, active } = performance.eventLoopUtilization();
  return idle >= 0 && active > 0;
}
