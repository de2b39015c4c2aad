/** Ends long work early. An `AbortSignal` is one; only `aborted` is read, so that no page and no Node is needed. */
export interface StopSignal {
  readonly aborted: boolean;
}
