import { choiceChart, lineChart, type Series } from 'unrolled/charts';
import type { RoundEvent, Scored, SearchSpace } from 'unrolled/search';
import { table } from '../output/table.ts';
import { countOf, formatCount, formatDuration } from '../output/units.ts';
import type { SearchRunEvent } from './events.ts';
import type { Prepared } from './prepared.ts';

/** `candidate 12  reward 0.4123  validation loss 2.3105`; for those that are the best so far. */
export function candidateLine({ number, reward, measures }: Scored, { columns }: Pick<Prepared, 'columns'>): string {
  const values = columns.map(({ name, of }) => `${name} ${of(measures)}`);
  return [`candidate ${number}`, `reward ${reward.toFixed(4)}`, ...values, 'the best so far'].join('  ');
}

/** `round 3  24 of 100 candidates  mean reward 0.3912  best 0.4311  uncertainty 0.98  1:12` */
export function roundLine(event: RoundEvent, candidates: number): string {
  const { round, evaluated, meanReward, bestReward, uncertainty, secondsElapsed } = event;
  return [
    `round ${round}`,
    `${formatCount(evaluated)} of ${formatCount(candidates)} candidates`,
    `mean reward ${meanReward.toFixed(4)}`,
    `best ${bestReward.toFixed(4)}`,
    ...(uncertainty === null ? [] : [`uncertainty ${uncertainty.toFixed(2)}`]),
    formatDuration(secondsElapsed),
  ].join('  ');
}

/** The leaderboard, and how the search ended. */
export function doneLines(event: Extract<SearchRunEvent, { type: 'done' }>, prepared: Prepared): string[] {
  const { reason, evaluated, leaderboard, secondsElapsed } = event;
  const end = { finished: 'Finished', converged: 'Ended early, for nothing new was drawn,', aborted: 'Stopped' }[
    reason
  ];
  return [
    `${end} after ${countOf(evaluated, 'candidate')} in ${formatDuration(secondsElapsed)}`,
    ...(leaderboard.length === 0 ? [] : ['', ...leaderboardLines(leaderboard, prepared)]),
  ];
}

export function leaderboardLines(leaderboard: readonly Scored[], { columns }: Pick<Prepared, 'columns'>): string[] {
  const rows = leaderboard.map(({ number, reward, measures }) => [
    String(number),
    reward.toFixed(4),
    ...columns.map(({ of }) => of(measures)),
  ]);
  return table(['candidate', 'reward', ...columns.map(({ name }) => name)], rows);
}

const mostColumns = 100;

/** How the controller's choices sharpen. */
export function drawChoices(
  { decisions }: SearchSpace,
  rounds: readonly RoundEvent[],
  what: string,
  command: string,
): string {
  // More would be thinner than a pixel.
  const every = Math.ceil(rounds.length / mostColumns);
  const columns = rounds.flatMap(({ evaluated, probabilities }, i) =>
    probabilities === null || (rounds.length - 1 - i) % every !== 0 ? [] : [{ at: evaluated, probabilities }],
  );
  return choiceChart({
    title: `What the controller chooses: ${what}`,
    description: `The probability of each choice, as the mean over the candidates of a round. Made by: ${command}`,
    label: 'candidates',
    decisions,
    columns,
  });
}

/** A search, or several from different seeds. */
export interface SearchGroup {
  readonly name: string;
  readonly searches: readonly (readonly Scored[])[];
}

/** Best reward so far and the mean of each round. Several seeds of a search are drawn as their mean, with the least and the most. */
export function drawRewards(groups: readonly SearchGroup[], command: string): string {
  const single = groups.length === 1;
  const series = groups.flatMap(({ name, searches }): Series[] => {
    const said = (what: string): string => (single ? what : `${name}: ${what}`);
    return [
      { name: said('best so far'), ...summary(searches.map(bestSoFar)) },
      { name: said('mean of a round'), ...summary(searches.map(roundMeans)) },
    ];
  });
  const shade = groups.some(({ searches }) => searches.length > 1) ? '; shaded from the least to the most seed' : '';
  return lineChart({
    title: 'Rewards of the candidates',
    description: `The best reward so far and the mean of the new candidates of each round${shade}. Made by: ${command}`,
    x: { label: 'candidates', from: 0 },
    y: { label: 'reward' },
    series,
  });
}

type Curve = readonly (readonly [number, number])[];

/** Points of a band at most. */
const bandPoints = 100;

/** A curve itself; of several the mean, and a band from the least to the most, for as long as all go. */
function summary(curves: readonly Curve[]): Pick<Series, 'points' | 'band'> {
  if (curves.length === 1) return { points: curves[0] };
  const first = Math.max(...curves.map((curve) => curve[0][0]));
  const last = Math.min(...curves.map((curve) => curve.at(-1)![0]));
  const count = Math.min(bandPoints, last - first + 1);
  const at = Array.from({ length: count }, (_, i) => first + Math.round((i * (last - first)) / Math.max(1, count - 1)));
  const values = at.map((x) => curves.map((curve) => curve.find(([end]) => end >= x)![1]));
  return {
    points: at.map((x, i) => [x, values[i].reduce((sum, value) => sum + value, 0) / curves.length] as const),
    band: at.map((x, i) => [x, Math.min(...values[i]), Math.max(...values[i])] as const),
  };
}

function bestSoFar(scored: readonly Scored[]): Curve {
  let best = Number.NEGATIVE_INFINITY;
  return scored.map(({ number, reward }) => {
    best = Math.max(best, reward);
    return [number, best] as const;
  });
}

/** The mean of each round, at its last candidate. */
function roundMeans(scored: readonly Scored[]): Curve {
  const rounds = Map.groupBy(scored, ({ round }) => round);
  return [...rounds.values()].map((ones) => {
    const mean = ones.reduce((sum, { reward }) => sum + reward, 0) / ones.length;
    return [ones[ones.length - 1].number, mean] as const;
  });
}
