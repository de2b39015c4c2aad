import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import { printable, wrap } from '../../output/text.ts';
import { formatCount } from '../../output/units.ts';
import type { RunEvent } from '../events.ts';
import type { Listener } from './listener.ts';
import { doneLine, gradientLine, type Progress, progressLine } from './progress-line.ts';

/** Milliseconds between redraws of the progress line. */
const frame = 100;

/** A progress line that is redrawn, with samples above it. */
export class TerminalListener implements Listener {
  readonly #line = createLogUpdate(process.stdout);
  #drawn = Number.NEGATIVE_INFINITY;
  #last: Progress | null = null;

  note(text: string): void {
    this.#above(text);
  }

  on(event: RunEvent): void {
    switch (event.type) {
      case 'start':
        this.#above(styleText('dim', `${formatCount(event.parameters)} parameters, saved in ${event.folder}`));
        break;
      case 'progress':
        this.#last = event;
        if (performance.now() - this.#drawn > frame || event.secondsLeft === 0) this.#draw();
        break;
      case 'validation':
        if (this.#last) this.#last = { ...this.#last, validationLoss: event.loss };
        this.#draw();
        break;
      case 'gradient-flow':
        this.#above(styleText('dim', gradientLine(event)));
        break;
      case 'sample': {
        const text = wrap(printable(event.text), this.#columns - 2)
          .map((row) => `${styleText('dim', '│')} ${row}`)
          .join('\n');
        const title = styleText(['bold', 'cyan'], `step ${formatCount(event.step)}`);
        const loss = this.#last ? styleText('dim', `  loss ${this.#last.loss.toFixed(3)}`) : '';
        this.#above(`\n${title}${loss}\n${text}`);
        break;
      }
      case 'done':
        this.end();
        this.#above(doneLine(event));
        break;
    }
  }

  /** One less than the terminal has: a full last column makes some terminals wrap. */
  get #columns(): number {
    return Math.max(20, (process.stdout.columns || 80) - 1);
  }

  end(): void {
    if (this.#last) this.#draw();
    this.#line.done();
    this.#last = null;
  }

  #draw(): void {
    if (!this.#last) return;
    this.#drawn = performance.now();
    this.#line(`\n${progressLine(this.#last, this.#columns)}`);
  }

  #above(text: string): void {
    this.#line.clear();
    process.stdout.write(`${text}\n`);
    this.#draw();
  }
}
