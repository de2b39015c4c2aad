import { count, number, requireKind } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import {
  beginnings,
  blockedTokens,
  checkSearch,
  type DecodeStep,
  type Hypothesis,
  type Live,
  lengthLimits,
  rowOf,
  rowsOf,
  type SearchOptions,
  type StepResult,
} from './search.ts';

export interface BeamOptions extends SearchOptions {
  /** Beam width: sequences kept for each source. */
  readonly width: number;
  /** Best sequences returned for each source, at most the width. Default 1. */
  readonly nBest?: number;
  /** α: divides log P by (5 + |Y|)^α / 6^α, |Y| with the end token; 0: off. Default 0. */
  readonly lengthPenalty?: number;
  /**
   * β: adds β · Σ_i log(min(Σ_t attention_t,i, 1)), which penalises source positions that were not attended to; 0: off. A
   * position without any attention counts as 1e-9. Needs the step's attention. Default 0.
   */
  readonly coveragePenalty?: number;
  /** Number of positions of each source that the coverage penalty counts, `[B]`. Default: all. */
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
 * Beam search: every step keeps the `width` most probable sequences of each source. Finished ones are ranked by
 *
 *     log P / (5 + |Y|)^α · 6^α + β Σ_i log(min(Σ_t attention_t,i, 1))     (Wu 2016)
 *
 * An end token among the `width` best of a step finishes its sequence. A source is done when `width` sequences have
 * finished, when no unfinished one can still become one of the n best, or at its maximum length. Ties are broken by the
 * order of the sequences they continue, then of tokens. Width 1 is greedy search; a large enough width is exhaustive.
 *
 * @param state  the step's initial state
 * @returns for each source its n best sequences, best first; unfinished ones only where too few have finished, after them
 * @throws ConfigError on an invalid option
 */
export async function beamSearch<State>(
  step: DecodeStep<State>,
  state: State,
  options: BeamOptions,
): Promise<Hypothesis[][]> {
  const { start, end, sources = 1, width, nBest = 1, blockNgrams = 0 } = options;
  checkBeam(options);
  const limits = lengthLimits(options);
  const finished = Array.from({ length: sources }, (): Hypothesis[] => []);
  const unended = Array.from({ length: sources }, (): Hypothesis[] => []);
  let live = beginnings(sources);
  for (let length = 1; live.length > 0; length++) {
    const result = await step(rowsOf(live, start), state);
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
      if (best.length === 0 || length === limits[source]) {
        const rest = best.length === 0 ? live.slice(from, to) : going;
        unended[source].push(...rest.map((sequence) => scored(sequence, false, options)));
      } else if (!isDone(finished[source], going, limits[source], options)) {
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
  requireKind('decode', 'width', width, count);
  requireKind('decode', 'nBest', nBest, count);
  if (nBest > width) {
    throw new ConfigError(`decode: nBest ${nBest} is more than width ${width}; widen the beam`, { nBest, width });
  }
  for (const [name, value] of Object.entries({ lengthPenalty: alpha, coveragePenalty: beta })) {
    requireKind('decode', name, value, number({ from: 0 }));
  }
  if (sourceLengths && sourceLengths.length !== sources) {
    throw new ConfigError(`decode: sourceLengths has ${sourceLengths.length} numbers for ${sources} sources`);
  }
}

/** The most probable continuations of the sequences `from` … `to` (all of one source), best first. */
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

/** The sequence of a candidate; the end token is not part of it. */
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

/** Σ_i log(min(Σ_t attention_t,i, 1)); a position without any attention counts 1e-9, for not every score may be −∞. */
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

/** Whether no unfinished sequence can change the n best: log P only falls, and no penalty adds to a score. */
function isDone(
  finished: readonly Hypothesis[],
  live: readonly Live[],
  maxLength: number,
  { width, nBest = 1, lengthPenalty: alpha = 0 }: BeamOptions,
): boolean {
  if (finished.length >= width) return true;
  if (finished.length < nBest) return false;
  const least = [...finished].sort(byScore)[nBest - 1].score;
  return live.every(({ logProbability }) => logProbability / lengthPenalty(maxLength, alpha) <= least);
}

const byScore = (a: Hypothesis, b: Hypothesis): number => b.score - a.score;
