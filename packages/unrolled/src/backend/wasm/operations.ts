import type {
  Backend,
  BackendDescription,
  Block,
  Dtype,
  OptimizerUpdate,
  RecurrentBackward,
  RecurrentForward,
  Storage,
} from '../backend.ts';
import type { Scan } from '../scan.ts';
import { attentionOperations } from './attention.ts';
import { COPY, type Context, UPDATE } from './context.ts';
import { elementwiseOperations } from './elementwise.ts';
import { imageOperations } from './images.ts';
import { recurrentBackwardJob } from './jobs/recurrent-backward.ts';
import { recurrentFewRowsJob } from './jobs/recurrent-few-rows.ts';
import { recurrentForwardJob } from './jobs/recurrent-forward.ts';
import { scanJob } from './jobs/scan.ts';
import type { LinearMemory } from './linear-memory.ts';
import { optimize } from './optimize.ts';
import { matmul } from './products.ts';
import { backwardParameters, fewRowsParameters, forwardParameters, hasFewRows, workOf } from './recurrent.ts';
import { rowOperations } from './rows.ts';
import { scanParameters, scanWork } from './scan.ts';

/** Every operation as a job, or as a single kernel where a sum keeps it from being split. */
export function wasmOperations(context: Context, description: Omit<BackendDescription, 'threads'>): Backend {
  return {
    name: 'wasm',
    float: 'float32',
    readsAtOnce: true,
    describe: () => ({ ...description, threads: context.threads }),
    close() {
      context.pool?.close();
      context.memory.close();
    },
    ...memoryOperations(context.memory),
    ...elementwiseOperations(context),
    ...rowOperations(context),
    matmul: (a, b, out, product) => matmul(context, a, b, out, product),
    ...imageOperations(context),
    ...attentionOperations(context),
    ...recurrence(context),
    optimize: (update: OptimizerUpdate) =>
      optimize(update, context.memory, (job, parameters) => context.share(job, parameters, parameters.n * UPDATE)),
  };
}

function memoryOperations(memory: LinearMemory) {
  const readSync = (x: Block): Float32Array | Int32Array => {
    // Made by length: a slice of shared memory would be shared too.
    const view = memory.inputView(x);
    return view instanceof Int32Array ? Int32Array.from(view) : new Float32Array(view);
  };
  return {
    allocate: (dtype: Dtype, length: number) => memory.allocate(dtype, length),
    release: (storage: Storage) => memory.release(storage),
    memory: () => memory.use(),
    write: (out: Block, values: ArrayLike<number>) => memory.view(out).set(values),
    read: async (x: Block) => readSync(x),
    readSync,
    fill(out: Block, value: number): void {
      memory.view(out).fill(value);
    },
    copy: (x: Block, out: Block) => memory.view(out).set(memory.inputView(x)),
  };
}

function recurrence(context: Context) {
  const { memory, kernels, products } = context;
  return {
    recurrent(layer: RecurrentForward): void {
      const work = workOf(layer);
      if (hasFewRows(layer)) {
        context.share(recurrentFewRowsJob, fewRowsParameters(layer, memory, products), work);
      } else {
        const parts = context.partsFor(work);
        context.run(recurrentForwardJob, forwardParameters(layer, memory, products, parts), parts);
      }
    },

    recurrentGrad(layer: RecurrentBackward): void {
      const parts = context.partsFor(2 * workOf(layer));
      context.run(recurrentBackwardJob, backwardParameters(layer, memory, kernels, products, parts), parts);
    },

    scan(scan: Scan): void {
      const parameters = scanParameters(scan, memory, kernels, context.threads);
      context.share(scanJob, parameters, scanWork(scan, COPY));
    },
  };
}
