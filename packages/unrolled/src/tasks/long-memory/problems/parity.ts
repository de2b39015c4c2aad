import { requireKind, whole } from '../../../checks.ts';
import { ConfigError } from '../../../errors.ts';
import type { Random } from '../../../random.ts';
import { countLastRight } from '../counts.ts';
import type { Problem } from '../problem.ts';
import { batchesOf, batchOfSymbols, between, type LabelledSymbols, rowsOf } from '../sequences.ts';

export interface ParityOptions {
  /** Longest sequence to train on; the shortest has 3 bits. Default 40. */
  readonly length?: number;
  /** Longest sequence to test on; the shortest has `length` bits. Default 256. */
  readonly testLength?: number;
  /** While training, answers are wanted at 'each' step (default) or at the 'end' only. Tests ask at the end. */
  readonly answers?: 'each' | 'end';
}

const shortest = 3;

/**
 * Parity: whether the number of ones among the bits so far is odd. Trained on short sequences, tested on longer ones,
 * so that only a rule that holds for any length will do; measured is the answer at the end.
 *
 * It needs a state that a 1 turns over. A cell whose gates see the input alone and lie in (0, 1), as minGRU's and
 * minLSTM's, updates h ← f(x) ⊙ h + v(x) with f above 0: no bit can turn the sign of what was before.
 */
export function parityProblem({ length = 40, testLength = 256, answers = 'each' }: ParityOptions = {}): Problem {
  requireKind('parity', 'length', length, whole({ from: shortest }));
  requireKind('parity', 'test length', testLength, whole({ from: length }));
  if (answers !== 'each' && answers !== 'end') {
    throw new ConfigError(`parity: answers are wanted at 'each' step or at the 'end', received '${answers}'`);
  }
  const make = (random: Random, batch: number, from: number, to: number) =>
    batchOfSymbols(
      rowsOf(batch, () => paritySequence(random, between(random, from, to), answers)),
      2,
    );
  return {
    features: 2,
    outputs: 2,
    answers: 'class',
    metric: { name: 'share of sequences right', better: 'higher', chance: 0.5, bar: 1 },
    count: countLastRight,
    training: { examples: null, draw: (random, batch) => make(random, batch, shortest, length) },
    heldOut: (random, part) =>
      part === 'test'
        ? batchesOf(2000, 250, (size) => make(random, size, length, testLength))
        : batchesOf(1000, 250, (size) => make(random, size, shortest, length)),
  };
}

function paritySequence(random: Random, steps: number, answers: 'each' | 'end'): LabelledSymbols {
  const bits = rowsOf(steps, () => random.below(2));
  let odd = 0;
  const targets = bits.map((bit, t) => {
    odd ^= bit;
    return answers === 'each' || t === steps - 1 ? odd : -1;
  });
  return { symbols: bits, targets };
}
