import { requireKind, whole } from '../../../checks.ts';
import type { Random } from '../../../random.ts';
import { countLastRight } from '../counts.ts';
import type { Problem } from '../problem.ts';
import { batchesOf, batchOfSymbols, between, type LabelledSymbols, rowsOf } from '../sequences.ts';

export interface TemporalOrderOptions {
  /** Shortest sequence; the longest is a tenth longer. Default 100. */
  readonly length?: number;
}

/** Where the marked symbols may stand, as shares of the shortest length: experiments 6a and 6b. */
const places = {
  2: [
    [0.1, 0.2],
    [0.5, 0.6],
  ],
  3: [
    [0.1, 0.2],
    [0.33, 0.43],
    [0.66, 0.76],
  ],
} as const;

const symbols = 8; // a b c d X Y E B
const noise = 4;
const [X, E, B] = [4, 6, 7];

/**
 * Temporal order (Hochreiter & Schmidhuber 1997, experiments 6a and 6b): noise of a, b, c, d between a begin E and an end
 * B, but for two (6a) or three (6b) steps far apart that are X or Y. Their order is the class, 4 or 8 of them, answered
 * after the last step. With length 100 sequences have 100 to 110 steps, and the marks stand at 10–20 and 50–60, or at
 * 10–20, 33–43 and 66–76.
 */
export function temporalOrderProblem(marks: 2 | 3, { length = 100 }: TemporalOrderOptions = {}): Problem {
  requireKind(`temporal-order-${marks}`, 'length', length, whole({ from: 10 }));
  const classes = 2 ** marks;
  const make = (random: Random, batch: number) =>
    batchOfSymbols(
      rowsOf(batch, () => orderSequence(random, marks, length)),
      symbols,
    );
  return {
    features: symbols,
    outputs: classes,
    answers: 'class',
    metric: { name: 'share of sequences right', better: 'higher', chance: 1 / classes, bar: 0.995 },
    count: countLastRight,
    training: { examples: null, draw: make },
    heldOut: (random, part) => batchesOf(part === 'test' ? 2000 : 500, 250, (size) => make(random, size)),
  };
}

function orderSequence(random: Random, marks: 2 | 3, length: number): LabelledSymbols {
  const steps = between(random, length, length + Math.floor(0.1 * length));
  const sequence = rowsOf(steps, () => random.below(noise));
  sequence[0] = E;
  sequence[steps - 1] = B;
  let label = 0;
  for (const [first, last] of places[marks]) {
    const mark = random.below(2);
    sequence[between(random, Math.round(first * length), Math.round(last * length))] = X + mark;
    label = 2 * label + mark;
  }
  return { symbols: sequence, targets: sequence.map((_, t) => (t === steps - 1 ? label : -1)) };
}
