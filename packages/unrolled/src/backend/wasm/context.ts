import type { Kernels } from './generated/kernels.ts';
import { type Job, type JobParameters, runAlone } from './jobs/job.ts';
import type { Products } from './jobs/products.ts';
import type { LinearMemory } from './linear-memory.ts';
import type { Pool } from './pool.ts';

/** Measured cost of an element, in floating-point operations at the speed of a matrix product. */
export const COPY = 6;
export const EXPONENTIAL = 40;
export const UPDATE = 50;

/** Waiting threads take work that they would not be woken for: handing it over costs about 1 µs, waking up some 50. */
const AWAKE = 1 / 10;

/** What all operations compute with. */
export class Context {
  readonly memory: LinearMemory;
  readonly kernels: Kernels;
  readonly products: Products;
  readonly pool: Pool | null;
  readonly #parallelFrom: number;

  /** @param parallelFrom  see `WasmOptions` */
  constructor(memory: LinearMemory, kernels: Kernels, products: Products, pool: Pool | null, parallelFrom: number) {
    this.memory = memory;
    this.kernels = kernels;
    this.products = products;
    this.pool = pool;
    this.#parallelFrom = parallelFrom;
  }

  get threads(): number {
    return this.pool?.threads ?? 1;
  }

  /** Threads that share so much work, in floating-point operations at the speed of a matrix product: one, or all. */
  partsFor(work: number): number {
    if (this.pool === null) return 1;
    if (work >= this.#parallelFrom) return this.pool.threads;
    if (work < AWAKE * this.#parallelFrom) return 1;
    return this.pool.isAwake ? this.pool.threads : 1;
  }

  /** Runs a job in one part, or on all threads. */
  run<Name extends string>(job: Job<Name>, parameters: JobParameters<Name>, parts: number): void {
    if (this.pool !== null && (parts > 1 || this.pool.isBroken)) this.pool.run(job, parameters);
    else runAlone(job, this.kernels, parameters, this.products);
  }

  /** `run` for jobs whose parameters do not depend on the number of parts. */
  share<Name extends string>(job: Job<Name>, parameters: JobParameters<Name>, work: number): void {
    this.run(job, parameters, this.partsFor(work));
  }
}
