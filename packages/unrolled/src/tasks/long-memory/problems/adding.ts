import { requireKind, whole } from '../../../checks.ts';
import type { Random } from '../../../random.ts';
import type { Problem, SequenceBatch } from '../problem.ts';
import { batchesOf } from '../sequences.ts';

export interface AddingOptions {
  /** T. Default 100. */
  readonly length?: number;
}

/**
 * The adding problem (Hochreiter & Schmidhuber 1997, in the form of Le, Jaitly & Hinton 2015): each step has a number
 * uniform in [0, 1) and a mark, F = 2; one step in each half is marked. The answer after the last step is the sum of the
 * two marked numbers. Always answering 1 has a mean squared error of 1/6, the variance of that sum.
 */
export function addingProblem({ length = 100 }: AddingOptions = {}): Problem {
  requireKind('adding', 'length', length, whole({ from: 2 }));
  return {
    features: 2,
    outputs: 1,
    answers: 'number',
    metric: { name: 'mean squared error', better: 'lower', chance: 1 / 6, bar: 0.005 },
    count: null,
    training: { examples: null, draw: (random, batch) => addingBatch(random, batch, length) },
    heldOut: (random, part) =>
      batchesOf(part === 'test' ? 2000 : 500, 250, (size) => addingBatch(random, size, length)),
  };
}

function addingBatch(random: Random, B: number, T: number): SequenceBatch {
  const inputs = new Float32Array(T * B * 2);
  const targets = new Float32Array(B);
  const half = Math.floor(T / 2);
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < T; t++) inputs[(t * B + b) * 2] = random.uniform();
    for (const t of [random.below(half), half + random.below(T - half)]) {
      inputs[(t * B + b) * 2 + 1] = 1;
      targets[b] += inputs[(t * B + b) * 2];
    }
  }
  return { steps: T, batch: B, inputs, lengths: null, answered: 1, targets };
}
