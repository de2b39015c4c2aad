/** Times of a calendar: one a step, each at the same time of day. */
export interface Months {
  /** Months since year 0 of each time. */
  readonly counts: readonly number[];
  /** The time in a month, by its count. */
  at(count: number): number;
}

/**
 * Times that are months apart: each on the same day of its month, or on its last day where it is shorter (or all are).
 * @param times  rising, in milliseconds since 1970
 * @returns null if they are not
 */
export function monthsOf(times: readonly number[]): Months | null {
  const dates = times.map((time) => new Date(time));
  const timeOfDay = ((times[0] % day) + day) % day;
  const counts = dates.map((date) => date.getUTCFullYear() * 12 + date.getUTCMonth());
  const days = dates.map((date) => date.getUTCDate());
  const isLast = (i: number): boolean => days[i] === daysIn(counts[i]);
  const anchor = days.every((_, i) => isLast(i)) ? 31 : Math.max(...days.slice(0, 400));
  const at = (count: number): number =>
    Date.UTC(Math.floor(count / 12), count % 12, Math.min(anchor, daysIn(count))) + timeOfDay;
  const monthly =
    times.length > 1 && times.every((time, i) => time === at(counts[i]) && (i === 0 || counts[i] > counts[i - 1]));
  return monthly ? { counts, at } : null;
}

const daysIn = (count: number): number => new Date(Date.UTC(Math.floor(count / 12), (count % 12) + 1, 0)).getUTCDate();

export const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];
