import type { Peak } from './machine.ts';
import type { Peers } from './peers/peer.ts';
import { rounded } from './timing.ts';

/** What a question is answered with: what it measured, ready for a table. */
export type Row = Readonly<Record<string, string | number | null>>;

export interface Settings {
  /** Timings in a round, and rounds. */
  readonly runs: number;
  readonly rounds: number;
  /** A text to learn, and how many updates to make. */
  readonly text: string | null;
  readonly steps: number;
  readonly peak: Peak;
  readonly peers: Peers;
}

/** One thing the suite can find out; each is a file in `questions/`. */
export interface Question {
  /** As given to `--only`. */
  readonly name: string;
  /** For the help text and as the table's title. */
  readonly asks: string;
  /** @throws Error if what is about to be timed computes something wrong */
  answer(settings: Settings): Promise<Answer>;
}

export interface Answer {
  readonly rows: readonly Row[];
  /** What a reader of the table should know: what was skipped and why, how it was counted. */
  readonly notes?: readonly string[];
}

/** How many times as long as this the fastest of the peers took; an empty object where there are none. */
export function besideBest(theirs: readonly number[], milliseconds: number): Row {
  return theirs.length > 0 ? { 'best peer ÷ this': rounded(Math.min(...theirs) / milliseconds) } : {};
}
