import { Failure } from '../../failure.ts';
import { type DateOrder, dateOrders, type ParsedDate, parseDate } from '../../input/dates.ts';
import { type Cell, quoted } from '../../input/number-column.ts';
import { day, hour, minute, monthsOf } from './calendar.ts';

/** Evenly spaced times: of row i, and of rows that are yet to come. */
export interface Times {
  /** Steps of so many months, or of so many units (milliseconds, or whatever the numbers count). */
  readonly step: { readonly months: number } | { readonly units: number };
  /** Whether the times are dates, in milliseconds since 1970 (UTC). */
  readonly dates: boolean;
  at(row: number): number;
  format(time: number): string;
}

export interface ReadTimes {
  readonly times: Times;
  /** Where each row stands among the steps, in the order of time: more than its number where steps are missing. */
  readonly places: readonly number[];
  /** Whether the rows come newest first. */
  readonly reversed: boolean;
  /** The order of dates in digits, where it matters. */
  readonly order: DateOrder | null;
}

export interface TimeOptions {
  /** What errors call the file. */
  readonly name: string;
  /** Whether steps may be missing. */
  readonly gaps: boolean;
  /** Of dates in digits. */
  readonly order?: DateOrder | undefined;
  /** The order where the file leaves it open, such as that of the file a model was trained on. */
  readonly likelyOrder?: DateOrder | undefined;
}

/** The values of times by one reading of them. */
interface Reading {
  readonly order: DateOrder | null;
  readonly values: readonly number[];
  /** By the clock instead of UTC, where offsets are named. */
  readonly clock: readonly number[] | null;
  /** Whether times have a time of day without an offset. */
  readonly local: boolean;
}

/**
 * The times of rows, by dates or by numbers, oldest or newest first.
 * @param numbers  the column as numbers; null: it has dates
 * @throws Failure naming the first line whose time is none, is out of order or not evenly spaced, or where dates in digits
 *   can be of several orders
 */
export function readTimes(cells: readonly Cell[], numbers: readonly number[] | null, options: TimeOptions): ReadTimes {
  const { name, order, likelyOrder } = options;
  if (numbers) return spaced(cells, { order: null, values: numbers, clock: null, local: false }, options, false);
  const readings = readingsOf(cells, name, order);
  if (readings.length === 1) return spacedByClock(cells, readings[0], options);
  const likely = readings.find((reading) => reading.order === likelyOrder);
  if (likely) return spacedByClock(cells, likely, options);
  const even = readings.map((reading) => attempt(() => spacedByClock(cells, reading, options))).filter(isFound);
  if (even.length === 1) return even[0];
  const sample = cells.find(({ text }) => new Set(dateOrders.map((one) => parseDate(text, one)?.time)).size > 1)!;
  throw new Failure(
    `${name}: line ${sample.line}: ${quoted(sample)} can be ${readings.map((one) => meaning(sample, one.order!)).join(' or ')}, and ` +
      'the other rows leave it open; say which',
  );
}

/** `2024-03-10 (--date-order mdy)` */
const meaning = ({ text }: Cell, order: DateOrder): string =>
  `${new Date(parseDate(text, order)!.time).toISOString().slice(0, 10)} (--date-order ${order})`;

const isFound = <Found>(found: Found | null): found is Found => found !== null;

function attempt<Result>(action: () => Result): Result | null {
  try {
    return action();
  } catch (error) {
    if (error instanceof Failure) return null;
    throw error;
  }
}

/** The readings by which all fields are dates; those that are the same but for their name once. */
function readingsOf(cells: readonly Cell[], name: string, asked: DateOrder | undefined): Reading[] {
  const all = (asked ? [asked] : dateOrders).map((order) => ({
    order,
    dates: cells.map(({ text }) => parseDate(text, order)),
  }));
  const valid = all.filter(({ dates }) => dates.every((date) => date !== null));
  if (valid.length === 0) throw noDate(cells, name, all, asked);
  const different = valid.filter(
    ({ dates }, i) => !valid.slice(0, i).some((other) => dates.every((date, t) => date!.time === other.dates[t]!.time)),
  );
  const matters = all.some(({ dates }) => dates.some((date, t) => date?.time !== all[0].dates[t]?.time));
  return different.map(({ order, dates }) => {
    const parsed = dates as readonly ParsedDate[];
    const zoned = parsed.every((date) => date.zoned);
    return {
      order: asked ?? (matters ? order : null),
      values: parsed.map(({ time }) => time),
      clock: zoned ? parsed.map((date) => date.clock) : null,
      local: !zoned && cells.some(({ text }) => text.includes(':')),
    };
  });
}

function noDate(
  cells: readonly Cell[],
  name: string,
  readings: readonly { readonly order: DateOrder; readonly dates: readonly (ParsedDate | null)[] }[],
  asked: DateOrder | undefined,
): Failure {
  // The reading that gets furthest.
  const failing = readings.map(({ order, dates }) => ({ order, row: dates.indexOf(null) }));
  const { order, row } = failing.reduce((best, other) => (other.row > best.row ? other : best));
  const odd = cells[row];
  const other = asked ? undefined : dateOrders.find((one) => parseDate(odd.text, one) !== null);
  if (other) {
    const before = cells.find(({ text }) => parseDate(text, other) === null)!;
    return new Failure(
      `${name}: line ${before.line} has ${quoted(before)}, ${describeOrder(order)}, and line ${odd.line} ${quoted(odd)}, ` +
        `${describeOrder(other)}; write all dates one way`,
    );
  }
  const such = asked
    ? `a date in the order ${asked}`
    : row > 0
      ? 'a date like those before'
      : 'a date, such as 2024-01-31 or 2024-01-31 13:00';
  return new Failure(
    `${name}: line ${odd.line}: ${quoted(odd)} is not ${such}; correct it, or ignore times with --time none`,
  );
}

/** Evenly spaced in UTC, or by the clock, as days and months with offsets are where summer time begins. */
function spacedByClock(cells: readonly Cell[], reading: Reading, options: TimeOptions): ReadTimes {
  const { clock } = reading;
  const byClock = clock && attempt(() => spaced(cells, { ...reading, values: clock }, options, true));
  if (!byClock) return spaced(cells, reading, options, true);
  return attempt(() => spaced(cells, reading, options, true)) ?? byClock;
}

/** @throws Failure naming the first line that is out of order, or not evenly spaced */
function spaced(cells: readonly Cell[], reading: Reading, { name, gaps }: TimeOptions, dates: boolean): ReadTimes {
  const reversed = reading.values.length > 1 && reading.values.at(-1)! < reading.values[0];
  const rows = reversed ? cells.toReversed() : cells;
  const values = reversed ? reading.values.toReversed() : reading.values;
  const differences = values.slice(1).map((value, i) => value - values[i]);
  const usual = differences.length > 0 ? middle(differences) : 1;
  const back = differences.findIndex((difference) => difference <= 0);
  if (back >= 0) {
    const [first, second] = reversed ? [rows[back + 1], rows[back]] : [rows[back], rows[back + 1]];
    const repeated = reading.local && usual <= hour && differences[back] === usual - hour;
    throw new Failure(
      `${name}: line ${second.line}: ${quoted(second)} does not come ${reversed ? 'before' : 'after'} ${quoted(first)} in line ${first.line}; ` +
        (repeated
          ? 'the clock seems to go back an hour here: write times in UTC or with their offset (+02:00), or ignore them with --time none'
          : differences[back] === 0 && dates && !first.text.includes(':')
            ? 'each time must occur once; put date and time of day into one column'
            : 'sort the rows by time, each time once'),
    );
  }
  const months = dates ? monthsOf(values) : null;
  const counts = months?.counts ?? values;
  const step = counts.length > 1 ? middle(counts.slice(1).map((value, i) => value - counts[i])) : 1;
  const at = (row: number): number => (months ? months.at(counts[0] + row * step) : values[0] + row * step);
  const format = (time: number): string =>
    dates ? formatDate(time, rows[0].text, values[0], months ? 0 : step) : formatNumber(time);
  const times: Times = { step: months ? { months: step } : { units: step }, dates, at, format };
  for (let i = 1; i < counts.length; i++) {
    const steps = (counts[i] - counts[i - 1]) / step;
    const missing = Math.round(steps) - 1;
    const forward = reading.local && step <= hour && counts[i] - counts[i - 1] === step + hour;
    if (Math.abs(steps - missing - 1) > 1e-3 || missing < 0) {
      throw new Failure(
        `${name}: line ${rows[i].line}: ${quoted(rows[i])} comes ${Number(steps.toPrecision(3))} steps of ${describeStep(times)} after ` +
          `line ${rows[i - 1].line}; times must be evenly spaced: correct them, or ignore them with --time none`,
      );
    }
    if (missing > 0 && !gaps) {
      throw new Failure(
        `${name}: line ${rows[i].line}: ${missing} ${missing === 1 ? 'row is' : 'rows are'} missing before ${quoted(rows[i])}; ` +
          (forward
            ? 'the clock seems to go forward an hour here: write times in UTC or with their offset, or ignore them with --time none'
            : '--fill linear or --fill previous fills them in, --time none takes rows as evenly spaced'),
      );
    }
  }
  const places = counts.map((value) => Math.round((value - counts[0]) / step));
  return { times, places, reversed, order: reading.order };
}

const middle = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)];

const formatNumber = (time: number): string => String(Number(time.toPrecision(12)));

/** ISO, as precise as the dates of the file. */
function formatDate(time: number, sample: string, first: number, step: number): string {
  const text = new Date(time).toISOString();
  if (/^\d{4}[-/]\d{1,2}$/.test(sample.trim())) return text.slice(0, 7);
  if (!sample.includes(':')) return text.slice(0, 10);
  return text.slice(0, step % minute === 0 && first % minute === 0 ? 16 : 19).replace('T', ' ');
}

/** Steps in the likely season: a day of hours or minutes, a week of days, a year of months or quarters; else 1. */
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

/** `day/month/year` */
export const describeOrder = (order: DateOrder): string =>
  [...order].map((part) => ({ d: 'day', m: 'month', y: 'year' })[part]).join('/');
