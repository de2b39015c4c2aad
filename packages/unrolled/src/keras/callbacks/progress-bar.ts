import type { Callback, FitContext, Logs } from './callback.ts';

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): void;
}

/** The terminal of Node, where there is one. */
function terminal(): Terminal | null {
  const { process } = globalThis as { process?: { stdout?: Terminal } };
  return process?.stdout?.isTTY ? process.stdout : null;
}

const shownNumber = (value: number): string => {
  if (!Number.isFinite(value)) return String(value);
  return value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5) ? value.toExponential(3) : value.toFixed(4);
};

const shownLogs = (logs: Logs): string =>
  Object.entries(logs)
    .map(([name, value]) => `${name}: ${shownNumber(value)}`)
    .join(' - ');

export interface ProgressBarOptions {
  /** Receives lines. Default: the terminal with a bar that rewrites itself, where there is one, else the console. */
  readonly log?: ((text: string) => void) | undefined;
  /** Only a line for each epoch. Default false. */
  readonly lines?: boolean | undefined;
  /** Milliseconds; only differences count. */
  readonly clock?: (() => number) | undefined;
}

/** Prints how training goes: what `verbose` does. */
export function progressBar({
  log,
  lines = false,
  clock = () => performance.now(),
}: ProgressBarOptions = {}): Callback {
  const screen = log || lines ? null : terminal();
  const print = log ?? ((text: string) => console.log(text));
  let [epochStarted, drawn] = [0, 0];
  const bar = (done: number, steps: number | null): string => {
    if (steps === null) return `${done}`;
    const filled = Math.round((20 * done) / Math.max(1, steps));
    return `${done}/${steps} ${'━'.repeat(filled)}${'─'.repeat(20 - filled)}`;
  };
  return {
    name: 'progressBar',
    onEpochBegin(epoch: number, { epochs }: FitContext) {
      epochStarted = clock();
      if (screen) screen.write(`Epoch ${epoch + 1}/${epochs}\n`);
    },
    onTrainBatchEnd(batch: number, logs: Logs, { steps }: FitContext) {
      if (!screen || clock() - drawn < 100) return;
      drawn = clock();
      const text = `${bar(batch + 1, steps)} ${shownLogs(logs)}`;
      screen.write(`\r\x1b[K${text.slice(0, (screen.columns ?? 80) - 1)}`);
    },
    onEpochEnd(epoch: number, logs: Logs, { epochs, steps }: FitContext) {
      const seconds = ((clock() - epochStarted) / 1000).toFixed(1);
      if (screen) screen.write(`\r\x1b[K${bar(steps ?? 0, steps)} ${seconds} s - ${shownLogs(logs)}\n`);
      else print(`Epoch ${epoch + 1}/${epochs} - ${seconds} s - ${shownLogs(logs)}`);
    },
    onTrainEnd() {
      if (screen) screen.write('\r\x1b[K');
    },
  };
}
