import { requireKind, whole } from '../../../checks.ts';
import type { Random } from '../../../random.ts';
import { countAnswersRight } from '../counts.ts';
import type { Problem } from '../problem.ts';
import { batchesOf, batchOfSymbols, between, type LabelledSymbols, rowsOf } from '../sequences.ts';

export interface BracketsOptions {
  /** Longest sequence to train on; the shortest has 3 steps. Default 40. */
  readonly length?: number;
  /** Longest sequence to test on; the shortest has `length` steps. Default 256. */
  readonly testLength?: number;
}

const shortest = 3;
const deepest = 8;
const [open, close, other] = [0, 1, 2];

/**
 * Depth of nesting: sequences of opening brackets, closing brackets and other symbols, equally likely where the depth
 * stays between 0 and 8; wanted at each step is the depth after it. Trained on short sequences, tested on longer ones.
 * Chance is the share of the commonest depth in the tests.
 */
export function bracketsProblem({ length = 40, testLength = 256 }: BracketsOptions = {}): Problem {
  requireKind('brackets', 'length', length, whole({ from: shortest }));
  requireKind('brackets', 'test length', testLength, whole({ from: length }));
  const make = (random: Random, batch: number, from: number, to: number) =>
    batchOfSymbols(
      rowsOf(batch, () => bracketSequence(random, between(random, from, to))),
      3,
    );
  return {
    features: 3,
    outputs: deepest + 1,
    answers: 'class',
    metric: {
      name: 'share of steps right',
      better: 'higher',
      chance: commonestDepthShare(length, testLength),
      bar: 0.999,
    },
    count: countAnswersRight,
    training: { examples: null, draw: (random, batch) => make(random, batch, shortest, length) },
    heldOut: (random, part) =>
      part === 'test'
        ? batchesOf(1000, 250, (size) => make(random, size, length, testLength))
        : batchesOf(500, 250, (size) => make(random, size, shortest, length)),
  };
}

const allowed = (depth: number): number[] =>
  [open, close, other].filter(
    (symbol) => !(symbol === open && depth === deepest) && !(symbol === close && depth === 0),
  );

const after = (depth: number, symbol: number): number => depth + Number(symbol === open) - Number(symbol === close);

function bracketSequence(random: Random, steps: number): LabelledSymbols {
  const symbols: number[] = [];
  const targets: number[] = [];
  let depth = 0;
  for (let t = 0; t < steps; t++) {
    const choices = allowed(depth);
    const symbol = choices[random.below(choices.length)];
    depth = after(depth, symbol);
    symbols.push(symbol);
    targets.push(depth);
  }
  return { symbols, targets };
}

/** The largest share any depth has of all steps of sequences `from` to `to` long, exactly. */
function commonestDepthShare(from: number, to: number): number {
  let now = Float64Array.from({ length: deepest + 1 }, (_, depth) => Number(depth === 0));
  const expected = new Float64Array(deepest + 1);
  for (let t = 1; t <= to; t++) {
    const next = new Float64Array(deepest + 1);
    now.forEach((share, depth) => {
      const choices = allowed(depth);
      for (const symbol of choices) next[after(depth, symbol)] += share / choices.length;
    });
    now = next;
    // As many of the lengths have a step t.
    const lengths = to - Math.max(from, t) + 1;
    now.forEach((share, depth) => {
      expected[depth] += share * lengths;
    });
  }
  return Math.max(...expected) / expected.reduce((sum, one) => sum + one, 0);
}
