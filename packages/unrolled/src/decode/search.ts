import { count, requireKind, whole } from '../checks.ts';
import { ConfigError } from '../errors.ts';

/**
 * One step of a model for N hypotheses at once. It receives each row's last token (at first the start token) and the row of
 * the previous step that each continues, by which it reorders its state, and returns log-probabilities of the next token, at
 * once or later.
 */
export type DecodeStep<State> = (rows: DecodeRows, state: State) => StepResult<State> | Promise<StepResult<State>>;

export interface DecodeRows {
  /** The token each row ends with, `[N]`. */
  readonly tokens: Int32Array;
  /** The row of the previous step that each row continues, `[N]`; at the first step row i is source i. */
  readonly parents: Int32Array;
  /** The source of each row, `[N]`. */
  readonly sources: Int32Array;
}

export interface StepResult<State> {
  /** log P(next token), `[N, V]` row after row. */
  readonly logProbabilities: ArrayLike<number>;
  readonly state: State;
  /** Attention weights over the source's positions, `[N, S]`, if any: for the coverage penalty and alignments. */
  readonly attention?: ArrayLike<number>;
}

/** A decoded sequence. */
export interface Hypothesis {
  /** Without the start and the end token. */
  readonly tokens: readonly number[];
  /** Σ log P of its tokens and, if it ended, of the end token. */
  readonly logProbability: number;
  /** What hypotheses are ranked by. */
  readonly score: number;
  /** Whether it ended with the end token rather than at its maximum length. */
  readonly ended: boolean;
  /** Attention weights at each of its tokens (and the end), `[…][S]`, if the step returned them. */
  readonly attention: readonly Float64Array[];
}

export interface SearchOptions {
  readonly start: number;
  readonly end: number;
  /** Number of sources, B. Default 1. */
  readonly sources?: number;
  /** Maximum number of tokens in a sequence, the end token included: one for all sources, or one for each, `[B]`. */
  readonly maxLength: number | readonly number[];
  /** No n-gram of this many tokens occurs twice in a sequence (Paulus 2017); 0: no restriction. Default 0. */
  readonly blockNgrams?: number;
}

/** @throws ConfigError naming the invalid option */
export function checkSearch({ start, end, sources = 1, maxLength, blockNgrams = 0 }: SearchOptions): void {
  for (const [name, value] of Object.entries({ start, end, sources, blockNgrams })) {
    requireKind('decode', name, value, whole());
  }
  const lengths = typeof maxLength === 'number' ? [maxLength] : maxLength;
  if (typeof maxLength !== 'number' && lengths.length !== sources) {
    throw new ConfigError(`decode: maxLength has ${lengths.length} numbers for ${sources} sources`);
  }
  for (const length of lengths) requireKind('decode', 'maxLength', length, count);
}

/** The maximum length of each source. */
export const lengthLimits = ({ maxLength, sources = 1 }: SearchOptions): readonly number[] =>
  typeof maxLength === 'number' ? new Array<number>(sources).fill(maxLength) : maxLength;

/** The tokens that would repeat an n-gram of `size` tokens already in the sequence. */
export function blockedTokens(tokens: readonly number[], size: number): ReadonlySet<number> {
  const blocked = new Set<number>();
  if (size === 0 || tokens.length < size) return blocked;
  const last = tokens.slice(tokens.length - size + 1);
  for (let i = 0; i + size <= tokens.length; i++) {
    if (last.every((token, k) => tokens[i + k] === token)) blocked.add(tokens[i + size - 1]);
  }
  return blocked;
}

/** A sequence being decoded, and its row in the last step. */
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

/** What a step needs to know about the sequences it continues. */
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
