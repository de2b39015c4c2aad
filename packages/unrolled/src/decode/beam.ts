import { ConfigError } from '../errors.ts';
import {
  beginnings,
  blockedTokens,
  checkSearch,
  type DecodeStep,
  type Hypothesis,
  type Live,
  requireWhole,
  rowOf,
  rowsOf,
  type SearchOptions,
  type StepResult,
} from './search.ts';

export interface BeamOptions extends SearchOptions {
  /** How many sequences are gone on with for each source. */
  readonly width: number;
  /** How many of the best are returned for each source, at most the width. Default 1. */
  readonly nBest?: number;
  /** α: log P is divided by (5 + |Y|)^α / 6^α, |Y| with the end token; 0: not. Default 0. */
  readonly lengthPenalty?: number;
  /**
   * β: β · Σ_i log(min(Σ_t attention_t,i, 1)) is added, so that no position of the source is passed over; 0: not. A
   * position never attended to counts as 1e-9. Needs the step's attention. Default 0.
   */
  readonly coveragePenalty?: number;
  /** Positions that count in each source's attention, `[B]`. Default: all. */
  readonly sourceLengths?: readonly number[];
}

/** The length penalty of Wu 2016. */
export function lengthPenalty(length: number, alpha: number): number {
  return ((5 + length) / 6) ** alpha;
}

interface Candidate {
  readonly before: Live;
  /** Its row in the step just made. */
  readonly row: number;
  readonly token: number;
  readonly logProbability: number;
}

/**
 * Beam search: at every step the `width` likeliest sequences of each source go on. Finished ones are ranked by
 *
 *     log P / (5 + |Y|)^α · 6^α + β Σ_i log(min(Σ_t attention_t,i, 1))     (Wu 2016)
 *
 * An end among the `width` best of a step finishes its sequence. A source is done when `width` have finished, when no
 * sequence under way can become one of the n best any more, or at the greatest length. Equals are taken in the order of
 * the sequences they go on from, then of tokens. With width 1 it is greedy search; wide enough it is exhaustive.
 *
 * @param state  what the step gets at first
 * @returns for each source its n best sequences that ended, best first; those that did not end come after them, where
 *   too few did
 * @throws ConfigError on an option out of range
 */
export function beamSearch<State>(step: DecodeStep<State>, state: State, options: BeamOptions): Hypothesis[][] {
  const { start, end, sources = 1, maxLength, width, nBest = 1, blockNgrams = 0 } = options;
  checkBeam(options);
  const finished = Array.from({ length: sources }, (): Hypothesis[] => []);
  const unended = Array.from({ length: sources }, (): Hypothesis[] => []);
  let live = beginnings(sources);
  for (let length = 1; length <= maxLength && live.length > 0; length++) {
    const result = step(rowsOf(live, start), state);
    state = result.state;
    const next: Live[] = [];
    for (let from = 0; from < live.length; ) {
      const { source } = live[from];
      let to = from;
      while (live[to]?.source === source) to++;
      const best = bestCandidates(live, from, to, result, 2 * width, blockNgrams);
      const grow = (candidate: Candidate): Live => grown(candidate, result, live.length, end);
      const ending = best.slice(0, width).filter(({ token }) => token === end);
      finished[source].push(...ending.map((candidate) => scored(grow(candidate), true, options)));
      const going = best
        .filter(({ token }) => token !== end)
        .slice(0, width)
        .map(grow);
      if (best.length === 0 || length === maxLength) {
        const rest = best.length === 0 ? live.slice(from, to) : going;
        unended[source].push(...rest.map((sequence) => scored(sequence, false, options)));
      } else if (!isDone(finished[source], going, options)) {
        next.push(...going);
      }
      from = to;
    }
    live = next;
  }
  return finished.map((ended, source) => [...ended.sort(byScore), ...unended[source].sort(byScore)].slice(0, nBest));
}

function checkBeam(options: BeamOptions): void {
  const { width, nBest = 1, lengthPenalty: alpha = 0, coveragePenalty: beta = 0, sources = 1, sourceLengths } = options;
  checkSearch(options);
  requireWhole('width', width, 1);
  requireWhole('nBest', nBest, 1);
  if (nBest > width) {
    throw new ConfigError(`decode: nBest ${nBest} is more than width ${width}; widen the beam`, { nBest, width });
  }
  for (const [name, value] of Object.entries({ lengthPenalty: alpha, coveragePenalty: beta })) {
    if (!(value >= 0 && value < Infinity)) {
      throw new ConfigError(`decode: ${name} must be a number from 0, received ${value}`, { [name]: value });
    }
  }
  if (sourceLengths && sourceLengths.length !== sources) {
    throw new ConfigError(`decode: sourceLengths has ${sourceLengths.length} numbers for ${sources} sources`);
  }
}

/** The likeliest continuations of the sequences `from` … `to` (all of one source), best first. */
function bestCandidates(
  live: readonly Live[],
  from: number,
  to: number,
  { logProbabilities }: StepResult<unknown>,
  limit: number,
  blockNgrams: number,
): Candidate[] {
  const best: Candidate[] = [];
  const vocabulary = logProbabilities.length / live.length;
  for (let row = from; row < to; row++) {
    const before = live[row];
    const blocked = blockedTokens(before.tokens, blockNgrams);
    for (let token = 0; token < vocabulary; token++) {
      const logProbability = before.logProbability + logProbabilities[row * vocabulary + token];
      const worst = best.length < limit ? Number.NEGATIVE_INFINITY : best[limit - 1].logProbability;
      // Equals come later in the list, so the first of them stays in front.
      if (!(logProbability > worst) || blocked.has(token)) continue;
      let place = best.length;
      while (place > 0 && best[place - 1].logProbability < logProbability) place--;
      best.splice(place, 0, { before, row, token, logProbability });
      if (best.length > limit) best.pop();
    }
  }
  return best;
}

/** The sequence a candidate makes; the end token is not written. */
function grown(
  { before, row, token, logProbability }: Candidate,
  result: StepResult<unknown>,
  rows: number,
  end: number,
): Live {
  const { attention } = result;
  return {
    source: before.source,
    row,
    tokens: token === end ? before.tokens : [...before.tokens, token],
    logProbability,
    attention: attention ? [...before.attention, rowOf(attention, row, rows)] : before.attention,
  };
}

function scored({ source, tokens, logProbability, attention }: Live, ended: boolean, options: BeamOptions): Hypothesis {
  const { lengthPenalty: alpha = 0, coveragePenalty: beta = 0, sourceLengths } = options;
  const length = tokens.length + (ended ? 1 : 0);
  // A sequence that could not even begin has no length to divide by.
  const byLength = logProbability / lengthPenalty(Math.max(1, length), alpha);
  const score = beta === 0 ? byLength : byLength + beta * coverage(attention, sourceLengths?.[source]);
  return { tokens, logProbability, score, ended, attention };
}

/** Σ_i log(min(Σ_t attention_t,i, 1)) */
function coverage(attention: readonly Float64Array[], positions = attention[0]?.length): number {
  if (attention.length === 0) {
    throw new ConfigError('decode: a coverage penalty needs the attention of every step; give it in the step’s result');
  }
  let total = 0;
  for (let i = 0; i < positions; i++) {
    const covered = attention.reduce((sum, weights) => sum + weights[i], 0);
    total += Math.log(Math.min(Math.max(covered, 1e-9), 1));
  }
  return total;
}

/** Whether nothing under way can change the n best: log P only falls, and no penalty ever adds. */
function isDone(finished: readonly Hypothesis[], live: readonly Live[], options: BeamOptions): boolean {
  const { width, nBest = 1, maxLength, lengthPenalty: alpha = 0 } = options;
  if (finished.length >= width) return true;
  if (finished.length < nBest) return false;
  const least = [...finished].sort(byScore)[nBest - 1].score;
  return live.every(({ logProbability }) => logProbability / lengthPenalty(maxLength, alpha) <= least);
}

const byScore = (a: Hypothesis, b: Hypothesis): number => b.score - a.score;
