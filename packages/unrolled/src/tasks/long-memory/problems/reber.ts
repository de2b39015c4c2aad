import { requireKind, whole } from '../../../checks.ts';
import type { Random } from '../../../random.ts';
import type { Count, Problem, SequenceBatch } from '../problem.ts';
import { batchesOf, batchOfSymbols, rowsOf } from '../sequences.ts';

export const reberSymbols = 'BTPSXVE';
const [B, T, P, S, X, V, E] = [...reberSymbols].map((_, index) => index);

/** The inner grammar (Reber 1967): from each state the symbols that may come, and the states they lead to. */
const grammar: readonly (readonly (readonly [symbol: number, next: number])[])[] = [
  [[B, 1]],
  [
    [T, 2],
    [P, 3],
  ],
  [
    [S, 2],
    [X, 4],
  ],
  [
    [T, 3],
    [V, 5],
  ],
  [
    [X, 3],
    [S, 6],
  ],
  [
    [P, 4],
    [V, 6],
  ],
  [[E, 7]],
  [],
];

/** A string of the embedded grammar, and for each symbol but the last which symbols may follow it. */
export interface ReberString {
  readonly symbols: readonly number[];
  readonly successors: readonly (readonly number[])[];
}

/**
 * B, then T or P, strings of the inner grammar, the same T or P again, and E; each branch is taken with probability ½.
 * @param inner  how many inner strings
 */
export function embeddedReberString(random: Random, inner = 1): ReberString {
  const outer = random.below(2) === 0 ? T : P;
  const symbols = [B, outer];
  const successors: number[][] = [[T, P]];
  for (let string = 0; string < inner; string++) {
    for (let state = 0; grammar[state].length > 0; ) {
      const branches = grammar[state];
      const [symbol, next] = branches[random.below(branches.length)];
      successors.push(branches.map(([one]) => one));
      symbols.push(symbol);
      state = next;
    }
  }
  symbols.push(outer, E);
  successors.push([outer], [E]);
  return { symbols, successors };
}

export interface ReberOptions {
  /** Strings of the inner grammar between the two symbols that must agree. Default 1, as published. */
  readonly length?: number;
}

/** Legal symbols have probability 1 or ½, others 0: the middle of what is to be told apart. */
const threshold = 0.25;

/**
 * The embedded Reber grammar (Smith & Zipser 1989; Hochreiter & Schmidhuber 1997, experiment 1): the next symbol is to be
 * predicted. The last but one is the same T or P as the second, with strings of the inner grammar between them.
 *
 * A test string is right if at each of its steps the symbols predicted with a probability above ¼ are exactly those
 * that may follow: all legal ones, and no other. Who knows the grammar but has forgotten the second symbol can at best
 * guess: ½.
 */
export function reberProblem({ length = 1 }: ReberOptions = {}): Problem {
  requireKind('reber', 'length', length, whole({ from: 1 }));
  const make = (random: Random, batch: number): SequenceBatch => {
    const strings = rowsOf(batch, () => embeddedReberString(random, length));
    const rows = strings.map(({ symbols }) => ({ symbols: symbols.slice(0, -1), targets: symbols.slice(1) }));
    return {
      ...batchOfSymbols(rows, reberSymbols.length),
      legal: strings.map(({ successors }) => successors),
    };
  };
  return {
    features: reberSymbols.length,
    outputs: reberSymbols.length,
    answers: 'class',
    metric: { name: 'share of strings right', better: 'higher', chance: 0.5, bar: 1 },
    count: countStringsRight,
    training: { examples: null, draw: make },
    heldOut: (random) => batchesOf(1000, 250, (size) => make(random, size)),
  };
}

function countStringsRight({ batch, legal = [] }: SequenceBatch, outputs: ArrayLike<number>): Count {
  const width = reberSymbols.length;
  const right = legal.filter((steps, b) =>
    steps.every((symbols, t) =>
      probabilities(outputs, (t * batch + b) * width, width).every(
        (p, symbol) => p > threshold === symbols.includes(symbol),
      ),
    ),
  );
  return { right: right.length, of: legal.length };
}

function probabilities(logits: ArrayLike<number>, start: number, count: number): number[] {
  const powers = Array.from({ length: count }, (_, i) => Math.exp(logits[start + i]));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
