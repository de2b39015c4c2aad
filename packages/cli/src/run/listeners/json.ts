import type { RunEvent } from '../events.ts';
import type { Listener } from './listener.ts';

/** One JSON object per line, and nothing else. */
export class JsonListener implements Listener {
  note(): void {}

  on(event: RunEvent): void {
    process.stdout.write(`${JSON.stringify(event)}\n`);
  }

  end(): void {}
}
