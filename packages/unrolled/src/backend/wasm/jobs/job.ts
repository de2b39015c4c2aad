import type { Kernels } from '../generated/kernels.ts';
import type { Products } from './products.ts';

/** Which part to run, and of how many. */
export interface Part {
  readonly part: number;
  readonly parts: number;
}

/** A part that may wait for the others. */
export interface Share extends Part {
  /** A barrier: returns when every part has reached it. All parts of a phase pass the same barriers. */
  barrier(): void;
}

/**
 * Work shared by threads. Its arguments are plain numbers (addresses, sizes, flags; 0 for an absent array), so that they can
 * be passed to workers through shared memory; kernels write to that memory. Sums are never split among parts: each part
 * computes some of the outputs, so the bits do not depend on the number of parts.
 */
export interface Job<Name extends string = string> {
  readonly parameters: readonly Name[];
  /** One after the other: a phase begins when all parts of the one before it have ended. */
  readonly phases: readonly Phase<Name>[];
  /** Whether parts meet at barriers within a phase. If not, one thread may run several parts. */
  readonly hasBarriers: boolean;
}

export interface Phase<Name extends string = string> {
  /** Whether there is anything to do. Default: always. */
  needed?(parameters: JobParameters<Name>): boolean;
  run(kernels: Kernels, parameters: JobParameters<Name>, share: Share, products: Products): void;
}

/** What a job takes. */
export type ParametersOf<Of> = Of extends Job<infer Name> ? JobParameters<Name> : never;

type Run<Name extends string, Of extends Part> = (
  kernels: Kernels,
  parameters: JobParameters<Name>,
  part: Of,
  products: Products,
) => void;

export type JobParameters<Name extends string> = Readonly<Record<Name, number>>;

/** A job in phases, whose parts do not wait for each other. */
export function defineJob<const Name extends string>(
  parameters: readonly Name[],
  ...phases: readonly (Run<Name, Part> | { needed(p: JobParameters<Name>): boolean; run: Run<Name, Part> })[]
): Job<Name> {
  const all = phases.map((phase) => (typeof phase === 'function' ? { run: phase } : phase));
  return { parameters, phases: all, hasBarriers: false };
}

/** A job whose parts meet at barriers. */
export function defineJointJob<const Name extends string>(
  parameters: readonly Name[],
  run: Run<Name, Share>,
): Job<Name> {
  return { parameters, phases: [{ run }], hasBarriers: true };
}

/** A whole job as one part, on the calling thread. */
export const alone: Share = { part: 0, parts: 1, barrier() {} };

export function runAlone<Name extends string>(
  { phases }: Job<Name>,
  kernels: Kernels,
  parameters: JobParameters<Name>,
  products: Products,
): void {
  for (const phase of phases) {
    if (phase.needed?.(parameters) ?? true) phase.run(kernels, parameters, alone, products);
  }
}

/** First element of part `part` of `n` elements, split as evenly as possible in runs of `grain`. */
export function startOf(n: number, part: number, parts: number, grain = 1): number {
  return Math.min(n, Math.round((Math.ceil(n / grain) * part) / parts) * grain);
}

/** Elements in a cache line: threads that write to the same line slow each other down. */
export const LINE = 16;

/** Columns the kernel sums together. */
export const COLUMNS = 32;
