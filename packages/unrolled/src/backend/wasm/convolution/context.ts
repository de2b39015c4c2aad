import type { Kernels } from '../generated/kernels.ts';
import type { Job, JobParameters } from '../jobs/job.ts';
import type { LinearMemory } from '../linear-memory.ts';

/** What the operations on images need of their backend. */
export interface Context {
  readonly memory: LinearMemory;
  readonly kernels: Kernels;
  /** Threads that share so much work, in floating-point operations. */
  partsFor(work: number): number;
  run<Name extends string>(job: Job<Name>, parameters: JobParameters<Name>, work: number): void;
}
