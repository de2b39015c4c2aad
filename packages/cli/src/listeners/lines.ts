import type { RunEvent } from '../run-events.ts';
import { formatDuration } from '../units.ts';
import type { Listener } from './listener.ts';
import { type Progress, progressLine } from './progress-line.ts';

/** Seconds between progress lines. */
const pause = 10;

/** Plain lines now and then, for logs and pipes. */
export class LineListener implements Listener {
  #printed = Number.NEGATIVE_INFINITY;
  #last: Progress | null = null;

  note(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  on(event: RunEvent): void {
    switch (event.type) {
      case 'progress': {
        this.#last = event;
        const ending = event.step === event.steps;
        if (ending || event.secondsElapsed >= this.#printed + pause) this.#print(event);
        break;
      }
      case 'validation':
        if (this.#last) this.#print({ ...this.#last, validationLoss: event.loss });
        break;
      case 'sample':
        this.note(`\n--- sample at step ${event.step} ---\n${event.text}\n---\n`);
        break;
      case 'done':
        this.note(`${event.reason} after ${event.step} steps and ${formatDuration(event.secondsElapsed)}`);
        break;
    }
  }

  end(): void {}

  #print(event: Progress): void {
    this.#printed = event.secondsElapsed;
    this.note(progressLine(event));
  }
}
