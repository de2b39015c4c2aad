import type { RunEvent } from '../events.ts';

/** Displays the events of a run. */
export interface Listener {
  /** A message that is not an event. */
  note(text: string): void;
  on(event: RunEvent): void;
  /** Restores the terminal. */
  end(): void;
}
