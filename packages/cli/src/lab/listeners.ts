import { createLogUpdate } from 'log-update';
import type { Metric } from 'unrolled/tasks/long-memory';
import type { LabEvent } from './events.ts';
import { progressLine, resultLine, tableLines } from './report.ts';

/** Receives the events of a lab run. */
export interface LabListener {
  /** A message for people, outside the stream of events. */
  note(text: string): void;
  on(event: LabEvent): void;
  /** Restores the terminal before anything else is printed. */
  end(): void;
}

export function labListener(json: boolean | undefined, metric: Metric): LabListener {
  if (json) {
    return { note() {}, on: (event) => void process.stdout.write(`${JSON.stringify(event)}\n`), end() {} };
  }
  return new TextListener(metric);
}

/** Seconds between progress updates: a terminal rewrites one line, elsewhere each is a new line. */
const pause = { terminal: 0.1, lines: 10 };

/** A progress line for the current seed, rewritten on terminals, and a line for each finished seed. */
class TextListener implements LabListener {
  readonly #metric: Metric;
  readonly #line = process.stdout.isTTY ? createLogUpdate(process.stdout) : null;
  #validated: number | null = null;
  #printed = 0;

  constructor(metric: Metric) {
    this.#metric = metric;
  }

  note(text: string): void {
    this.#line?.clear();
    process.stdout.write(`${text}\n`);
  }

  on(event: LabEvent): void {
    switch (event.type) {
      case 'start':
        this.#validated = null;
        this.#printed = 0;
        break;
      case 'validation':
        this.#validated = event.metric;
        break;
      case 'progress':
        this.#progress(
          event.secondsElapsed,
          progressLine(event.seed, this.#metric, { ...event, metric: this.#validated }),
        );
        break;
      case 'result':
        this.note(resultLine(event.seed, this.#metric, event));
        break;
      case 'table':
        this.note(`\n${tableLines(event).join('\n')}`);
        break;
    }
  }

  #progress(now: number, text: string): void {
    if (now < this.#printed + (this.#line ? pause.terminal : pause.lines)) return;
    this.#printed = now;
    // One column less than there are: some terminals wrap when the last one is used.
    if (this.#line) this.#line(text.slice(0, Math.max(20, (process.stdout.columns || 80) - 1)));
    else this.note(text);
  }

  end(): void {
    this.#line?.clear();
    this.#line?.done();
  }
}
