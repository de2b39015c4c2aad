import type { RunEvent } from '../run-events.ts';

/** Someone who is told what happens in a run. */
export interface Listener {
  /** A sentence for a person, outside of the stream of events. */
  note(text: string): void;
  on(event: RunEvent): void;
  /** Leaves the terminal as it should be, before anything else is printed. */
  end(): void;
}
