import type { Kernels } from '../generated/kernels.ts';
import type { Products } from './products.ts';

/** Which part of a job to run, and of how many. */
export interface Share {
  readonly part: number;
  readonly parts: number;
  /** A barrier: returns when every part has reached it. All parts of a job pass the same barriers. */
  barrier(): void;
}

/**
 * Work shared by threads. Its arguments are plain numbers (addresses, sizes, flags; 0 for an absent array), so that they can
 * be passed to workers through shared memory; kernels write to that memory. Sums are never split among parts: each part
 * computes some of the outputs, so the bits do not depend on the number of parts.
 */
export interface Job<Name extends string = string> {
  readonly parameters: readonly Name[];
  run(kernels: Kernels, parameters: JobParameters<Name>, share: Share, products: Products): void;
}

export type JobParameters<Name extends string> = Readonly<Record<Name, number>>;

export function defineJob<const Name extends string>(parameters: readonly Name[], run: Job<Name>['run']): Job<Name> {
  return { parameters, run };
}

/** A whole job as one part, on the calling thread. */
export const alone: Share = { part: 0, parts: 1, barrier() {} };

/** First element of part `part` of `n` elements, split as evenly as possible in runs of `grain`. */
export function startOf(n: number, part: number, parts: number, grain = 1): number {
  return Math.min(n, Math.round((Math.ceil(n / grain) * part) / parts) * grain);
}

/** Elements in a cache line: threads that write to the same line slow each other down. */
export const LINE = 16;

/** Columns the kernel sums together. */
export const COLUMNS = 32;
