const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000];

/** The last moment there is a date for, in milliseconds; the first one is as long before 1970. */
export const lastMoment = 8.64e15;

/** Steps between ticks of less than a month, in milliseconds. */
const spans = [
  ...[1, 5, 15, 30].map((n) => n * second),
  ...[1, 5, 15, 30].map((n) => n * minute),
  ...[1, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 14].map((n) => n * day),
];

/** Steps of months. */
const months = [1, 3, 6, ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].map((years) => 12 * years)];

/** A Monday, from which days and weeks are counted. */
const anchor = Date.UTC(2001, 0, 1);
const names = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A handful of round times between two, in milliseconds since 1970 (UTC); labels say no more than they must. */
export function timeTicks(from: number, to: number): { value: number; label: string }[] {
  const room = (to - from) / 5;
  const span = spans.find((one) => one >= room);
  const values =
    span === undefined
      ? monthTicks(
          from,
          to,
          months.find((one) => one * 30.4 * day >= room) ?? Math.ceil(room / (12_000 * 30.4 * day)) * 12_000,
        )
      : multiples((from - anchor) / span, (to - anchor) / span).map((n) => anchor + n * span);
  return values
    .filter((value) => Math.abs(value) <= lastMoment)
    .map((value) => ({ value, label: labelOf(new Date(value), span) }));
}

function labelOf(date: Date, span: number | undefined): string {
  const [year, month] = [date.getUTCFullYear(), names[date.getUTCMonth()]];
  if (span === undefined) return date.getUTCMonth() === 0 ? String(year) : `${month} ${year}`;
  if (span >= day || date.getTime() % day === 0) return `${date.getUTCDate()} ${month}`;
  return date.toISOString().slice(-13, span < minute ? -5 : -8);
}

/** First moments of every so many months. */
function monthTicks(from: number, to: number, step: number): number[] {
  const monthAt = (time: number): number => {
    const date = new Date(time);
    const whole = (date.getUTCFullYear() - 2000) * 12 + date.getUTCMonth();
    return whole + (time - moment(whole)) / (31 * day);
  };
  const moment = (month: number): number => Date.UTC(2000, month, 1);
  return multiples(monthAt(from) / step, monthAt(to) / step).map((n) => moment(n * step));
}

/** The whole numbers from a to b. */
function multiples(a: number, b: number): number[] {
  const first = Math.ceil(a);
  return Array.from({ length: Math.max(0, Math.floor(b) - first + 1) }, (_, i) => first + i);
}
