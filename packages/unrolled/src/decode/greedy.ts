import {
  beginnings,
  blockedTokens,
  checkSearch,
  type DecodeStep,
  type Hypothesis,
  rowOf,
  rowsOf,
  type SearchOptions,
} from './search.ts';

/**
 * Takes the likeliest token at every step, the smaller one of equals, until the end token or the greatest length. All
 * sources go on together; those that have ended leave the batch.
 *
 * @param state  what the step gets at first
 * @returns one sequence for each source
 * @throws ConfigError on an option out of range
 */
export function greedySearch<State>(step: DecodeStep<State>, state: State, options: SearchOptions): Hypothesis[] {
  checkSearch(options);
  const { start, end, sources = 1, maxLength, blockNgrams = 0 } = options;
  const found: Hypothesis[] = [];
  let live = beginnings(sources);
  for (let length = 1; length <= maxLength && live.length > 0; length++) {
    const { logProbabilities, attention, state: next } = step(rowsOf(live, start), state);
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
      if (wrote && !ended && length < maxLength) return [{ ...after, source: before.source, row }];
      found[before.source] = { ...after, score: after.logProbability, ended };
      return [];
    });
  }
  return found;
}
