/** A mistake that could be made in a source file, and the tests that should notice it. */
export interface Fault {
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files, nearest first: the first that fails has noticed the fault. */
  readonly tests: readonly string[];
}

export interface FaultGroup {
  readonly name: string;
  readonly faults: readonly Fault[];
}

/** Faults of one file, each as what stands there and what is put in its place. */
export const faultsIn = (
  file: string,
  tests: readonly string[],
  changes: readonly (readonly [find: string, replace: string])[],
): Fault[] => changes.map(([find, replace]) => ({ file, find, replace, tests }));
