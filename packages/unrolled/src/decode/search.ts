import { ConfigError } from '../errors.ts';

/**
 * One step of a model for N hypotheses at once. Gets for each row the token written last (at first the start token) and
 * which row of the step before it goes on from, so that state can be put in that order; gives log-probabilities of the
 * token that follows.
 */
export type DecodeStep<State> = (rows: DecodeRows, state: State) => StepResult<State>;

export interface DecodeRows {
  /** The token each row ends with, `[N]`. */
  readonly tokens: Int32Array;
  /** The row of the step before that each row goes on from, `[N]`; at the first step row i is source i. */
  readonly parents: Int32Array;
  /** Which source each row belongs to, `[N]`. */
  readonly sources: Int32Array;
}

export interface StepResult<State> {
  /** log P(next token), `[N, V]` row after row. */
  readonly logProbabilities: ArrayLike<number>;
  readonly state: State;
  /** Attention weights over the source's positions, `[N, S]`, where there are: for the coverage penalty, and to draw. */
  readonly attention?: ArrayLike<number>;
}

/** A sequence that was written. */
export interface Hypothesis {
  /** Without the start and the end token. */
  readonly tokens: readonly number[];
  /** Σ log P of its tokens and, where it ended, of the end token. */
  readonly logProbability: number;
  /** What it is ranked by. */
  readonly score: number;
  /** Whether it ended by the end token, and not because it was as long as allowed. */
  readonly ended: boolean;
  /** Attention weights at each of its tokens (and the end), `[…][S]`, where the step gave them. */
  readonly attention: readonly Float64Array[];
}

export interface SearchOptions {
  readonly start: number;
  readonly end: number;
  /** How many sources there are, B. Default 1. */
  readonly sources?: number;
  /** The most tokens in a sequence, the end token included. */
  readonly maxLength: number;
  /** No run of so many tokens comes twice in a sequence (Paulus 2017); 0: may be. Default 0. */
  readonly blockNgrams?: number;
}

/** @throws ConfigError naming the option that cannot work */
export function checkSearch({ start, end, sources = 1, maxLength, blockNgrams = 0 }: SearchOptions): void {
  const all: [string, number, number][] = [
    ['start', start, 0],
    ['end', end, 0],
    ['sources', sources, 0],
    ['maxLength', maxLength, 1],
    ['blockNgrams', blockNgrams, 0],
  ];
  for (const [name, value, lowest] of all) requireWhole(name, value, lowest);
}

export function requireWhole(name: string, value: number, lowest: number): void {
  if (!Number.isInteger(value) || value < lowest) {
    throw new ConfigError(`decode: ${name} must be a whole number from ${lowest}, received ${value}`, {
      [name]: value,
    });
  }
}

/** The tokens that would complete a run of `size` tokens which the sequence already has. */
export function blockedTokens(tokens: readonly number[], size: number): ReadonlySet<number> {
  const blocked = new Set<number>();
  if (size === 0 || tokens.length < size) return blocked;
  const last = tokens.slice(tokens.length - size + 1);
  for (let i = 0; i + size <= tokens.length; i++) {
    if (last.every((token, k) => tokens[i + k] === token)) blocked.add(tokens[i + size - 1]);
  }
  return blocked;
}

/** A sequence being written, and where its row was in the last step. */
export interface Live {
  readonly source: number;
  readonly row: number;
  readonly tokens: readonly number[];
  readonly logProbability: number;
  readonly attention: readonly Float64Array[];
}

/** One empty sequence for each source. */
export function beginnings(sources: number): Live[] {
  return Array.from({ length: sources }, (_, source) => ({
    source,
    row: source,
    tokens: [],
    logProbability: 0,
    attention: [],
  }));
}

/** What a step needs to know of the sequences it goes on with. */
export function rowsOf(live: readonly Live[], start: number): DecodeRows {
  return {
    tokens: Int32Array.from(live, ({ tokens }) => tokens.at(-1) ?? start),
    parents: Int32Array.from(live, ({ row }) => row),
    sources: Int32Array.from(live, ({ source }) => source),
  };
}

/** Row `row` of `[N, …]` numbers. */
export function rowOf(values: ArrayLike<number>, row: number, rows: number): Float64Array {
  const width = values.length / rows;
  return Float64Array.from({ length: width }, (_, i) => values[row * width + i]);
}
