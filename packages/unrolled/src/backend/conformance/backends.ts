import type { Backend } from '../backend.ts';
import { referenceBackend } from '../reference/reference-backend.ts';

export interface Subject {
  readonly name: string;
  readonly backend: Backend;
}

/** Every backend this machine can run, and why not the others. */
export async function subjects(): Promise<{
  readonly available: readonly Subject[];
  readonly unavailable: readonly { readonly name: string; readonly reason: string }[];
}> {
  return {
    available: [{ name: 'reference float32', backend: referenceBackend({ float: 'float32' }) }],
    unavailable: [],
  };
}
