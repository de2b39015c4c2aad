import { UnrolledError } from 'unrolled';

export interface Outcome {
  readonly kind: 'opened' | 'refused' | 'crashed';
  readonly error: Error | null;
  /** Of this process, whatever else the machine does. */
  readonly milliseconds: number;
}

/** Opens a file that may be damaged: it may be refused by one of the library's errors, and nothing else. */
export async function attempt(open: () => unknown): Promise<Outcome> {
  const start = process.cpuUsage();
  const outcome = (kind: Outcome['kind'], error: Error | null): Outcome => ({
    kind,
    error,
    milliseconds: process.cpuUsage(start).user / 1000,
  });
  try {
    await open();
    return outcome('opened', null);
  } catch (error) {
    return outcome(error instanceof UnrolledError ? 'refused' : 'crashed', error as Error);
  }
}
