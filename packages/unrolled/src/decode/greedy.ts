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
  options: SearchOptions,
): Promise<Hypothesis[]> {
  checkSearch(options);
  const { start, end, sources = 1, blockNgrams = 0 } = options;
  const limits = lengthLimits(options);
  const found: Hypothesis[] = [];
  let live = beginnings(sources);
  for (let length = 1; live.length > 0; length++) {
    const { logProbabilities, attention, state: next } = await step(rowsOf(live, start), state);
    state = next;
    live = live.flatMap((before, row) => {
      const scores = rowOf(logProbabilities, row, live.length);
      const blocked = blockedTokens(before.tokens, blockNgrams);
      let token = -1;
      scores.forEach((score, id) => {
        if (score > (scores[token] ?? Number.NEGATIVE_INFINITY) && !blocked.has(id)) token = id;
      });
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
