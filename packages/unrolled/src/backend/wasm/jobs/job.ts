import type { Kernels } from '../generated/kernels.ts';
import type { Products } from './products.ts';

/** Which of how many equal parts of a job to do. */
export interface Share {
  readonly part: number;
  readonly parts: number;
  /** Returns when every part has come here. All parts of a job meet the same barriers. */
  barrier(): void;
}

/**
 * A piece of heavy work that threads do together: plain numbers in (addresses, sizes, flags; 0 for an absent array), so
 * that they can be handed to a worker through shared memory, and kernels that write into the one memory. No sum is ever
 * split among parts: each part owns some of the outputs, so the bits do not depend on how many parts there are.
 */
export interface Job<Name extends string = string> {
  readonly parameters: readonly Name[];
  run(kernels: Kernels, parameters: JobParameters<Name>, share: Share, products: Products): void;
}

export type JobParameters<Name extends string> = Readonly<Record<Name, number>>;

export function defineJob<const Name extends string>(parameters: readonly Name[], run: Job<Name>['run']): Job<Name> {
  return { parameters, run };
}

/** The whole of a job, on the thread that asks for it. */
export const alone: Share = { part: 0, parts: 1, barrier() {} };

/** Where part `part` of `n` things begins: they are dealt out in runs of `grain`, as evenly as can be. */
export function startOf(n: number, part: number, parts: number, grain = 1): number {
  return Math.min(n, Math.round((Math.ceil(n / grain) * part) / parts) * grain);
}

/** Elements in a cache line: threads that write to the same line slow each other down. */
export const LINE = 16;

/** Columns the kernel sums together. */
export const COLUMNS = 32;
