import { DataError } from '../errors.ts';

/** How high the right one stands among candidates. */
export interface RankingScores {
  /** Mean reciprocal rank. */
  readonly mrr: number;
  /** Share of right ones among the first 1, 5 and 10. */
  readonly recall: Readonly<Record<1 | 5 | 10, number>>;
  readonly meanRank: number;
  readonly medianRank: number;
}

/**
 * The rank of one of several scored candidates, from 1: one more than there are better ones. Of candidates with the same score
 * half count as better, so that equal scores for all are the mean rank of chance.
 */
export function rankOf(scores: ArrayLike<number>, right: number): number {
  let [better, equal] = [0, 0];
  for (let i = 0; i < scores.length; i++) {
    if (scores[i] > scores[right]) better++;
    else if (scores[i] === scores[right] && i !== right) equal++;
  }
  return 1 + better + equal / 2;
}

/** Mean reciprocal rank, R@1, R@5, R@10, mean and median rank (as of Das 2017). @throws DataError without ranks */
export function rankingScores(ranks: readonly number[]): RankingScores {
  if (ranks.length === 0) throw new DataError('rankingScores: there are no ranks');
  const mean = (of: (rank: number) => number): number => ranks.reduce((sum, rank) => sum + of(rank), 0) / ranks.length;
  const sorted = [...ranks].sort((a, b) => a - b);
  const within = (k: number): number => mean((rank) => Number(rank <= k));
  return {
    mrr: mean((rank) => 1 / rank),
    recall: { 1: within(1), 5: within(5), 10: within(10) },
    meanRank: mean((rank) => rank),
    medianRank: (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2,
  };
}
