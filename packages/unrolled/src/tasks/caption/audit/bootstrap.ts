import { Random } from '../../../random.ts';

/** A statistic of a sample, with a confidence interval; null where it is not defined, such as a share of nothing. */
export interface Interval {
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

export interface BootstrapOptions {
  /** Number of resamples. Default 1,000. */
  readonly samples?: number | undefined;
  /** Probability that the interval is made for. Default 0.95. */
  readonly level?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
}

/** What items have of something counted, by its name. */
export type Tally = ReadonlyMap<string, number>;

/**
 * Statistics of sums over items, with percentile intervals of the bootstrap (Efron 1979): items are drawn with replacement, and the
 * statistics computed again.
 * @param statistics  from the sum of each name, 0 where no item has it; NaN where a statistic is not defined
 */
export function bootstrap<Name extends string>(
  items: readonly Tally[],
  statistics: (sum: (name: string) => number) => Readonly<Record<Name, number>>,
  { samples = 1000, level = 0.95, seed = 1 }: BootstrapOptions = {},
): Record<Name, Interval> {
  const places = new Map<string, number>();
  const rows = items.map((item) =>
    Array.from(item, ([name, count]) => {
      if (!places.has(name)) places.set(name, places.size);
      return { place: places.get(name)!, count };
    }),
  );
  const statisticsOf = (drawn: Iterable<number>): Readonly<Record<Name, number>> => {
    const sums = new Float64Array(places.size);
    for (const i of drawn) for (const { place, count } of rows[i]) sums[place] += count;
    return statistics((name) => sums[places.get(name) ?? -1] ?? 0);
  };
  const whole = statisticsOf(rows.keys());
  const names = Object.keys(whole) as Name[];
  const found = new Map(names.map((name) => [name, [] as number[]]));
  const random = new Random(seed).fork('bootstrap');
  const drawn = new Int32Array(rows.length);
  for (let sample = 0; sample < samples; sample++) {
    for (let i = 0; i < drawn.length; i++) drawn[i] = random.below(rows.length);
    const one = statisticsOf(drawn);
    for (const name of names) if (!Number.isNaN(one[name])) found.get(name)!.push(one[name]);
  }
  const intervals = names.map((name): [Name, Interval] => {
    if (Number.isNaN(whole[name])) return [name, { value: null, low: null, high: null }];
    const sorted = Float64Array.from(found.get(name)!).sort();
    const at = (share: number): number | null => (sorted.length === 0 ? null : quantile(sorted, share));
    return [name, { value: whole[name], low: at((1 - level) / 2), high: at((1 + level) / 2) }];
  });
  return Object.fromEntries(intervals) as Record<Name, Interval>;
}

function quantile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  // Infinite statistics, such as a ratio to nothing, have no mean.
  return below === above ? below : below + (above - below) * (place - Math.floor(place));
}
