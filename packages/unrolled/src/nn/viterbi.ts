/** What the most likely tags follow from, as tensors or as the numbers read from them. */
export type TagScores<Numbers> = {
  readonly emissions: Numbers; // [T, B, K]
  readonly start: Numbers; // [K]
  readonly end: Numbers; // [K]
  readonly transitions: Numbers; // [K, K]: from, to
};

/**
 * The most likely tags of each row and their score, by the Viterbi algorithm; ties go to the smaller tag at the last step
 * where they differ.
 * @param lengths  of each row
 *
 * @example
 * const scores = await device.read(() => crf.scores(emissions));
 * const { tags } = viterbi(scores, lengths);
 */
export function viterbi(
  { emissions, start, end, transitions }: TagScores<ArrayLike<number>>,
  lengths: readonly number[],
): { tags: number[][]; scores: number[] } {
  const [B, K] = [lengths.length, start.length];
  const best = lengths.map((length, b) => {
    const from = new Int32Array(length * K);
    let scores = Array.from({ length: K }, (_, k) => start[k] + emissions[b * K + k]);
    for (let t = 1; t < length; t++) {
      const before = scores;
      scores = before.map((_, to) => {
        let place = 0;
        for (let i = 1; i < K; i++) {
          if (before[i] + transitions[i * K + to] > before[place] + transitions[place * K + to]) place = i;
        }
        from[t * K + to] = place;
        return before[place] + transitions[place * K + to] + emissions[(t * B + b) * K + to];
      });
    }
    const last = scores.map((score, k) => score + end[k]);
    const tags = [last.indexOf(Math.max(...last))];
    for (let t = length - 1; t > 0; t--) tags.unshift(from[t * K + tags[0]]);
    return { tags, score: Math.max(...last) };
  });
  return { tags: best.map(({ tags }) => tags), scores: best.map(({ score }) => score) };
}
