import { AbortError } from './errors.ts';

/** Ends long work early. An `AbortSignal` is one; only these are read, so that no page and no Node is needed. */
export interface StopSignal {
  readonly aborted: boolean;
  /** What the work that it ends rejects with. Default: an `AbortError`. */
  readonly reason?: unknown;
}

/** As `AbortSignal.throwIfAborted`. @throws the signal's reason if it is aborted; an AbortError if it has none */
export function throwIfAborted(signal: StopSignal | undefined): void {
  if (!signal?.aborted) return;
  throw signal.reason ?? new AbortError('the work was aborted by its signal');
}

/** Whether work failed with `error` because this signal ended it. */
function isAbort(error: unknown, signal: StopSignal | undefined): boolean {
  return signal?.aborted === true && (error === signal.reason || error instanceof AbortError);
}

/** The result of work; undefined if this signal ended it. */
export async function unlessAborted<Result>(
  work: Promise<Result>,
  signal: StopSignal | undefined,
): Promise<Result | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isAbort(error, signal)) return undefined;
    throw error;
  }
}
