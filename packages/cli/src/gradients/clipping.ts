import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** How often the gradient was longer than allowed while a run trained. */
export interface Clipping {
  /** Share of the steps. */
  readonly share: number;
  readonly steps: number;
}

/** From a run's events; null where there are none, as beside a checkpoint file. */
export function clippingOf(run: string): Clipping | null {
  const path = join(run, 'events.jsonl');
  if (!existsSync(path)) return null;
  let [clipped, last] = [0, 0];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    try {
      const event = JSON.parse(line);
      if (event.type !== 'progress') continue;
      clipped += event.clipped * (event.step - last);
      last = event.step;
    } catch {
      // The last line of a run that was cut off.
    }
  }
  return last > 0 ? { share: clipped / last, steps: last } : null;
}
