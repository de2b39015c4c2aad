import { requireKind, whole } from '../../../checks.ts';
import type { Random } from '../../../random.ts';
import type { Problem } from '../problem.ts';
import { batchesOf, batchOfSymbols, type LabelledSymbols, rowsOf } from '../sequences.ts';

export interface CopyingOptions {
  /** Blanks between the symbols and their recall, besides the delimiter. Default 100. */
  readonly length?: number;
}

const alphabet = 8;
const remembered = 10;
const blank = alphabet;
const delimiter = alphabet + 1;

/**
 * The copying memory problem (Hochreiter & Schmidhuber 1997, in the form of Arjovsky, Shah & Bengio 2016): 10 symbols of
 * 8, then T − 1 blanks, a delimiter and 10 blanks, T + 20 steps in all. Wanted are blanks, and after the delimiter the 10
 * symbols in their order. The metric is the cross-entropy a step, in nats; without memory it is 10 ln 8/(T + 20).
 */
export function copyingProblem({ length = 100 }: CopyingOptions = {}): Problem {
  requireKind('copying', 'length', length, whole({ from: 1 }));
  const steps = length + 2 * remembered;
  const chance = (remembered * Math.log(alphabet)) / steps;
  const make = (random: Random, batch: number) =>
    batchOfSymbols(
      rowsOf(batch, () => copyingSequence(random, length)),
      alphabet + 2,
    );
  return {
    features: alphabet + 2,
    outputs: alphabet + 1,
    answers: 'class',
    metric: { name: 'cross-entropy a step, nats', better: 'lower', chance, bar: 0.4 * chance },
    count: null,
    training: { examples: null, draw: make },
    heldOut: (random, part) => batchesOf(part === 'test' ? 1000 : 200, 100, (size) => make(random, size)),
  };
}

function copyingSequence(random: Random, T: number): LabelledSymbols {
  const message = rowsOf(remembered, () => random.below(alphabet));
  const blanks = (count: number): number[] => new Array(count).fill(blank);
  return {
    symbols: [...message, ...blanks(T - 1), delimiter, ...blanks(remembered)],
    targets: [...blanks(T + remembered), ...message],
  };
}
