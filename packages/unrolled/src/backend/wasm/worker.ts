import { Abandoned, Control } from './control.ts';
import type { Kernels } from './generated/kernels.ts';
import { host, nodeThreads, type WasmMemory, type WasmModule } from './host.ts';
import { instantiate } from './instance.ts';
import { jobs } from './jobs/index.ts';
import { type LeastForBlas, Products } from './jobs/products.ts';

/** The data a worker starts with. */
export interface WorkerSetup {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  /** Path of the BLAS that this thread uses; null: none. */
  readonly blas: string | null;
  readonly blasFrom?: LeastForBlas;
  readonly control: SharedArrayBuffer;
  readonly generation: number;
  readonly part: number;
  readonly parts: number;
}

/** Sent once, when the worker is ready for jobs or cannot be. */
export interface WorkerReport {
  readonly error: string | null;
}

function serve(kernels: Kernels, products: Products, { control: buffer, generation, part, parts }: WorkerSetup): void {
  const control = new Control(buffer);
  const share = control.share(part, parts);
  let seen = generation;
  for (;;) {
    if (!control.waitForWork(seen)) return;
    seen = control.generation;
    if (!control.claim(part, seen)) continue;
    try {
      const { job: number, phase } = control.work;
      const job = jobs[number];
      job.phases[phase].run(kernels, control.parametersOf(job), share, products);
    } catch (error) {
      if (!(error instanceof Abandoned)) control.fail(error instanceof Error ? error.message : String(error));
    }
    control.done();
  }
}

/** Reports first and serves in a later task, so that the report is sent before this thread sleeps. */
async function begin(setup: WorkerSetup, report: (message: WorkerReport) => void): Promise<void> {
  try {
    const kernels = instantiate(setup.module, setup.memory);
    const blas = setup.blas === null ? null : await (await import('./blas.ts')).Blas.open(setup.blas, setup.memory);
    const products = new Products(kernels, blas, setup.blasFrom);
    report({ error: null });
    host.setTimeout(() => serve(kernels, products, setup), 0);
  } catch (error) {
    report({ error: error instanceof Error ? error.message : String(error) });
  }
}

const threads = nodeThreads();
if (threads?.parentPort) {
  const port = threads.parentPort;
  void begin(threads.workerData as WorkerSetup, (message) => port.postMessage(message));
} else {
  host.onmessage = ({ data }) => void begin(data as WorkerSetup, (message) => host.postMessage?.(message));
}
