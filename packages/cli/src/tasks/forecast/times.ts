import { Failure } from '../../failure.ts';

/** Evenly spaced times: of row i, and of rows that are yet to come. */
export interface Times {
  /** Steps of that many months, or of that many units (milliseconds, or whatever the numbers count). */
  readonly step: { readonly months: number } | { readonly units: number };
  /** Whether the times are dates, counted in milliseconds since 1970 (UTC). */
  readonly dates: boolean;
  at(row: number): number;
  format(time: number): string;
}

const pattern =
  /^(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d+)?))?\s*(Z|[-+]\d{2}:?\d{2})?)?)?$/i;

/** ISO 8601 in milliseconds since 1970; where no zone is named, UTC, so that no hour is missing in spring. Null: it is none. */
export function parseDate(text: string): number | null {
  const found = pattern.exec(text.trim());
  if (!found) return null;
  const [year, month, day = 1, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map((part) => part && Number(part));
  const time =
    Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), 0) + 1000 * Number(second);
  const back = new Date(time);
  if (back.getUTCMonth() !== Number(month) - 1 || Number(hour) > 24 || Number(minute) > 59) return null;
  const [, sign, h, m] = /^([-+])(\d{2}):?(\d{2})$/.exec(found[7] ?? '') ?? [];
  return time - (sign ? (sign === '+' ? 1 : -1) * (Number(h) * 60 + Number(m)) * 60_000 : 0);
}

export interface TimedRow {
  readonly line: number;
  readonly text: string;
}

/**
 * The times of rows, and where each row stands among evenly spaced ones: more than its number where steps are missing.
 * @param gaps  whether steps may be missing
 * @throws Failure naming the first line whose time is none, does not come after the one before, or not evenly
 */
export function readTimes(
  rows: readonly TimedRow[],
  name: string,
  gaps: boolean,
): { times: Times; places: readonly number[] } {
  const dates = parseDate(rows[0].text) !== null;
  const values = rows.map(({ line, text }) => {
    const value = dates ? parseDate(text) : text.trim() === '' ? Number.NaN : Number(text);
    if (value !== null && Number.isFinite(value)) return value;
    throw new Failure(
      `${name}: line ${line}: '${text.trim()}' is not a time ${dates ? 'as in the lines before' : 'such as 2024-01-31, 2024-01-31 13:00 or a number'}; ` +
        'mend it, or leave times out with --time none',
    );
  });
  const back = values.findIndex((value, i) => i > 0 && value <= values[i - 1]);
  if (back > 0) {
    throw new Failure(
      `${name}: line ${rows[back].line}: ${rows[back].text.trim()} does not come after ${rows[back - 1].text.trim()} in line ${rows[back - 1].line}; ` +
        'sort the rows by time, each time once',
    );
  }
  const months = dates ? values.map(monthOf) : null;
  const monthly = months?.every((month) => month !== null) && rows.length > 1 ? (months as number[]) : null;
  const counts = monthly ?? values;
  const step = counts.length > 1 ? usual(counts.slice(1).map((value, i) => value - counts[i])) : 1;
  const times = timesOf(values[0], step, monthly !== null, dates, rows[0].text);
  for (let i = 1; i < counts.length; i++) {
    const { line, text } = rows[i];
    const steps = (counts[i] - counts[i - 1]) / step;
    const missing = Math.round(steps) - 1;
    if (Math.abs(steps - missing - 1) > 1e-3 || missing < 0) {
      throw new Failure(
        `${name}: line ${line}: ${text.trim()} comes ${Number(steps.toPrecision(3))} steps of ${describeStep(times)} after the line before; ` +
          'times must be evenly spaced, or left out with --time none',
      );
    }
    if (missing > 0 && !gaps) {
      throw new Failure(
        `${name}: line ${line}: ${missing} ${missing === 1 ? 'row is' : 'rows are'} missing before ${text.trim()}; ` +
          '--fill linear or --fill previous puts them in',
      );
    }
  }
  return { times, places: counts.map((value) => Math.round((value - counts[0]) / step)) };
}

/** Months since year 0 of a time at the first moment of a month; null otherwise. */
function monthOf(time: number): number | null {
  const date = new Date(time);
  const first = date.getUTCDate() === 1 && time % 86_400_000 === 0;
  return first ? date.getUTCFullYear() * 12 + date.getUTCMonth() : null;
}

/** What most differences are: the middle one. */
const usual = (differences: readonly number[]): number =>
  differences.toSorted((a, b) => a - b)[Math.floor(differences.length / 2)];

function timesOf(first: number, step: number, monthly: boolean, dates: boolean, sample: string): Times {
  const start = new Date(first);
  const at = (row: number): number =>
    monthly ? Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + row * step, 1) : first + row * step;
  const format = (time: number): string => {
    if (!dates) return String(Number(time.toPrecision(12)));
    const text = new Date(time).toISOString();
    if (/^\d{4}[-/]\d{1,2}$/.test(sample.trim())) return text.slice(0, 7);
    if (!sample.includes(':')) return text.slice(0, 10);
    return text.slice(0, step % 60_000 === 0 && first % 60_000 === 0 ? 16 : 19).replace('T', ' ');
  };
  return { step: monthly ? { months: step } : { units: step }, dates, at, format };
}

const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

/** Steps in what is likely a season: a day of hours or minutes, a week of days, a year of months or quarters; else 1. */
export function likelySeason(times: Times | null): number {
  if (!times?.dates) return 1;
  if ('months' in times.step) return 12 % times.step.months === 0 ? 12 / times.step.months : 1;
  const { units } = times.step;
  if (units === day) return 7;
  return units >= minute && units < day && day % units === 0 ? day / units : 1;
}

/** `1 hour`, `3 months`, `0.5` */
export function describeStep({ step, dates }: Times): string {
  if ('months' in step) return step.months % 12 === 0 ? say(step.months / 12, 'year') : say(step.months, 'month');
  if (!dates) return String(step.units);
  for (const [size, unit] of [
    [7 * day, 'week'],
    [day, 'day'],
    [hour, 'hour'],
    [minute, 'minute'],
  ] as const) {
    if (step.units % size === 0) return say(step.units / size, unit);
  }
  return say(step.units / 1000, 'second');
}

const say = (n: number, unit: string): string => `${n} ${unit}${n === 1 ? '' : 's'}`;
