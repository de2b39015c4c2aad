/** Median and spread of several timings, in milliseconds. Runs in a page, too. */
export interface Timing {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

export function summarise(milliseconds: readonly number[]): Timing {
  const sorted = [...milliseconds].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1)!, runs: sorted.length };
}

/** One way to do the same work: gives the milliseconds of one unit of it, the median of its own runs. */
export type Engine = () => Promise<number> | number;

/**
 * Times engines one after the other in several rounds, so that a machine that is busy for a while slows all of them;
 * the result is the median of the rounds.
 */
export async function interleave(
  engines: Readonly<Record<string, Engine>>,
  rounds: number,
): Promise<Record<string, Timing>> {
  const medians: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, time] of Object.entries(engines)) {
      medians[name] ??= [];
      medians[name].push(await time());
    }
  }
  return Object.fromEntries(Object.entries(medians).map(([name, times]) => [name, summarise(times)]));
}

/** A number with as many digits as are worth reading. */
export function rounded(value: number, digits = 3): number {
  return Math.abs(value) >= 10 ** (digits - 1) ? Math.round(value) : Number(value.toPrecision(digits));
}
