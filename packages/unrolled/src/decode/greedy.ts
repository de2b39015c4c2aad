import {
  beginnings,
  blockedTokens,
  checkSearch,
  type DecodeStep,
  type Hypothesis,
  lengthLimits,
  rowOf,
  rowsOf,
  type SearchOptions,
} from './search.ts';

export interface GreedyOptions extends SearchOptions {
  /**
   * Chooses the next token of a source from log-probabilities `[V]`, −∞ where a token is blocked; −1: none. Default: the most
   * probable one, of equals the smaller id.
   */
  readonly choose?: ((logProbabilities: Float64Array, source: number) => number) | undefined;
}

/**
 * Greedy search: the most probable token at every step (of equals the smaller id), until the end token or the maximum
 * length. All sources run in one batch, which those that have ended leave.
 *
 * @param state  the step's initial state
 * @returns one sequence for each source
 * @throws ConfigError on an invalid option
 */
export async function greedySearch<State>(
  step: DecodeStep<State>,
  state: State,
  options: GreedyOptions,
): Promise<Hypothesis[]> {
  checkSearch(options);
  const { start, end, sources = 1, blockNgrams = 0, choose = mostProbable } = options;
  const limits = lengthLimits(options);
  const found: Hypothesis[] = [];
  let live = beginnings(sources);
  for (let length = 1; live.length > 0; length++) {
    const { logProbabilities, attention, state: next } = await step(rowsOf(live, start), state);
    state = next;
    live = live.flatMap((before, row) => {
      const scores = rowOf(logProbabilities, row, live.length);
      for (const id of blockedTokens(before.tokens, blockNgrams)) scores[id] = Number.NEGATIVE_INFINITY;
      const token = choose(scores, before.source);
      const ended = token === end;
      const wrote = token >= 0;
      const after = {
        tokens: wrote && !ended ? [...before.tokens, token] : before.tokens,
        logProbability: wrote ? before.logProbability + scores[token] : before.logProbability,
        attention: attention ? [...before.attention, rowOf(attention, row, live.length)] : before.attention,
      };
      if (wrote && !ended && length < limits[before.source]) return [{ ...after, source: before.source, row }];
      found[before.source] = { ...after, score: after.logProbability, ended };
      return [];
    });
  }
  return found;
}

function mostProbable(scores: Float64Array): number {
  let token = -1;
  scores.forEach((score, id) => {
    if (score > (scores[token] ?? Number.NEGATIVE_INFINITY)) token = id;
  });
  return token;
}
