import { constants } from 'node:os';

export interface Stop {
  readonly signal: AbortSignal;
  /** 128 + signal number, as in shells: 130 for Ctrl-C, 143 for SIGTERM; 0 without a signal. */
  readonly exitCode: number;
  /** Why standard output failed, if it did. */
  readonly outputError: NodeJS.ErrnoException | null;
  release(): void;
}

/** Milliseconds in which a second signal counts as the first one: npm forwards signals that the terminal has sent already. */
const echo = 500;

/**
 * On Ctrl-C, SIGTERM or SIGHUP, aborts after the current step; on a second one, ends the program at once. Signals arrive
 * between steps.
 */
export function stopOnSignal(note: (text: string) => void): Stop {
  const controller = new AbortController();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let exitCode = 0;
  let stopped = 0;
  let outputError: NodeJS.ErrnoException | null = null;
  const release = (): void => {
    for (const name of signals) process.removeListener(name, stop);
    // A stream that failed once fails again with every write that was waiting.
    if (!outputError) process.stdout.removeListener('error', broken);
  };
  const stop = (name: NodeJS.Signals): void => {
    if (exitCode !== 0) {
      if (performance.now() - stopped < echo) return;
      release();
      process.kill(process.pid, name);
      return;
    }
    // Keep this listener: the library that restores the cursor ends the program if no other one is left.
    stopped = performance.now();
    exitCode = 128 + constants.signals[name];
    controller.abort();
    note('Stopping after this step; press Ctrl-C again to stop at once.');
  };
  // The reader of the output has gone: stop with a checkpoint.
  const broken = (error: NodeJS.ErrnoException): void => {
    outputError ??= error;
    controller.abort();
  };
  for (const name of signals) process.on(name, stop);
  process.stdout.on('error', broken);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    get outputError() {
      return outputError;
    },
    release,
  };
}
