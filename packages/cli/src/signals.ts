import { constants } from 'node:os';

export interface Stop {
  readonly signal: AbortSignal;
  /** 128 + the number of the signal, as shells count: 130 for Ctrl-C, 143 for SIGTERM. */
  readonly exitCode: number;
  /** Why nothing can be printed any more, if so. */
  readonly outputError: NodeJS.ErrnoException | null;
  release(): void;
}

/** Milliseconds within which a second signal is the first one once more: npm passes on what the terminal has sent already. */
const echo = 500;

/**
 * Ctrl-C, SIGTERM and a terminal that is closed ask for an end after the step under way; a second one ends the program
 * at once, whatever it is doing by then. During a step no signal is heard.
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
    // This listener stays: whoever restores the cursor ends the program when it is the last one to listen.
    stopped = performance.now();
    exitCode = 128 + constants.signals[name];
    controller.abort();
    note('Stopping after this step; once more to stop at once.');
  };
  // Whoever read our output has gone: nothing more can be said, but what was learnt is kept.
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
