import { formatCount } from '../../output/units.ts';
import type { RunEvent } from '../events.ts';
import type { Listener } from './listener.ts';
import { doneLine, gradientLine, progressLine, validationLine } from './progress-line.ts';

/** Seconds between progress lines. */
const pause = 10;

/** Plain lines every few seconds, for logs and pipes. */
export class LineListener implements Listener {
  #printed = Number.NEGATIVE_INFINITY;

  note(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  on(event: RunEvent): void {
    switch (event.type) {
      case 'progress':
        if (event.secondsLeft === 0 || event.secondsElapsed >= this.#printed + pause) {
          this.#printed = event.secondsElapsed;
          this.note(progressLine(event));
        }
        break;
      case 'validation':
        this.note(validationLine(event));
        break;
      case 'gradient-flow':
        this.note(gradientLine(event));
        break;
      case 'sample':
        this.note(`\n--- sample at step ${formatCount(event.step)} ---\n${event.text}\n---\n`);
        break;
      case 'done':
        this.note(doneLine(event));
        break;
    }
  }

  end(): void {}
}
