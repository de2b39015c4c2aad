/** The order of day (d), month (m) and year (y) in a date such as 03/10/2024. */
export type DateOrder = 'ymd' | 'dmy' | 'mdy';
export const dateOrders = ['ymd', 'dmy', 'mdy'] as const satisfies readonly DateOrder[];

/** A date, in milliseconds since 1970. */
export interface ParsedDate {
  /** UTC; a date that names no zone is taken as UTC, so that no hour is missing in spring. */
  readonly time: number;
  /** What the clock shows, whatever the zone. */
  readonly clock: number;
  readonly zoned: boolean;
}

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const full = ['january', 'february', 'march', 'april', 'may', 'june', 'july', 'august', 'september'];
const monthNames = [...full, 'october', 'november', 'december'];
const weekday = /^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,? +/i;
const clock =
  /(?:T|,? +)(\d{1,2}):(\d{2})(?::(\d{2}(?:[.,]\d{1,9})?))?(?: ?([ap])\.?m\.?)? ?(Z|UTC|GMT|[-+]\d{2}(?::?\d{2})?)?$/i;

/** Longer fields are no dates. */
const mostCharacters = 60;

/**
 * A date: ISO 8601 (2024-03-10, 2024-03, 20240310), in digits by the given order (10.03.2024, 3/10/24), with English names of
 * months (Mar 10, 2024; 10-Mar-2024), or a quarter (2024-Q1); with a time of day and an offset or without.
 * @param order  of dates in digits that do not begin with a year of four digits
 * @returns null if it is none
 */
export function parseDate(text: string, order: DateOrder = 'ymd'): ParsedDate | null {
  if (text.length > mostCharacters) return null;
  const trimmed = text.trim().replace(/[\u00a0\u202f]/g, ' ');
  const found = clock.exec(trimmed);
  const written = (found ? trimmed.slice(0, found.index) : trimmed).replace(weekday, '');
  const day = isoDay(written) ?? dayInDigits(written, order) ?? dayWithName(written);
  const start = day && startOf(day);
  if (start === null || start === undefined) return null;
  if (!found) return { time: start, clock: start, zoned: false };
  const [, h, minute, second = '0', half, zone = ''] = found;
  const hour = half ? (Number(h) % 12) + (half.toLowerCase() === 'p' ? 12 : 0) : Number(h);
  if (hour > 24 || Number(minute) > 59 || (half && (Number(h) < 1 || Number(h) > 12))) return null;
  const shown = start + (hour * 60 + Number(minute)) * 60_000 + 1000 * Number(second.replace(',', '.'));
  const [, sign, zoneHour = '0', zoneMinute = '0'] = /^([-+])(\d{2}):?(\d{2})?$/.exec(zone) ?? [];
  const offset = (sign === '-' ? -1 : 1) * (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000;
  return { time: sign ? shown - offset : shown, clock: shown, zoned: zone !== '' };
}

function isoDay(text: string): Day | null {
  const quarter = /^(\d{4})[- ]?Q([1-4])$/i.exec(text);
  if (quarter) return { year: Number(quarter[1]), month: 3 * Number(quarter[2]) - 2, day: 1 };
  const compact = /^((?:19|20)\d{2})(\d{2})(\d{2})$/.exec(text);
  const [, year, , month, day = '1'] = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$/.exec(text) ?? [];
  if (compact || year !== undefined) return numeric(...((compact?.slice(1) ?? [year, month, day]) as Triple));
  const [, y, m] = /^(\d{4})[-/](\d{1,2})$/.exec(text) ?? [];
  return y === undefined ? null : numeric(y, m, '1');
}

type Triple = [string, string, string];
const numeric = (year: string, month: string, day: string): Day => ({
  year: fullYear(year),
  month: Number(month),
  day: Number(day),
});

/** 24 → 2024, 85 → 1985. */
function fullYear(text: string): number {
  const year = Number(text);
  return text.length > 2 ? year : year + (year < 70 ? 2000 : 1900);
}

function dayInDigits(text: string, order: DateOrder): Day | null {
  const [, m, y] = /^(\d{1,2})[-/](\d{4})$/.exec(text) ?? [];
  if (y !== undefined) return numeric(y, m, '1');
  const [, a, , b, c] = /^(\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})$/.exec(text) ?? [];
  if (c === undefined) return null;
  if (order === 'dmy') return numeric(c, b, a);
  if (order === 'mdy') return numeric(c, a, b);
  return c.length === 2 ? numeric(a, b, c) : null;
}

function dayWithName(text: string): Day | null {
  const parts = text
    .replace(/(\d)(?:st|nd|rd|th)\b/i, '$1')
    .split(/[ ,./-]+/)
    .filter((part) => part !== '');
  const place = parts.findIndex((part) => /^[a-z]+$/i.test(part));
  const name = place < 0 ? '' : parts[place].toLowerCase();
  const month = 1 + Math.max(months.indexOf(name === 'sept' ? 'sep' : name), monthNames.indexOf(name));
  const digits = parts.toSpliced(place, 1);
  if (month === 0 || !digits.every((part) => /^(\d{1,2}|\d{4})$/.test(part))) return null;
  // Mar 2024; Mar 10, 2024; 10 Mar 2024; 10-Mar-24
  if (digits.length === 1) return digits[0].length === 4 ? { year: Number(digits[0]), month, day: 1 } : null;
  if (digits.length !== 2 || place > 1 || digits[0].length > 2) return null;
  return { year: fullYear(digits[1]), month, day: Number(digits[0]) };
}

/** The first moment of a day in UTC; null if there is no such day. */
function startOf({ year, month, day }: Day): number | null {
  const time = Date.UTC(year, month - 1, day);
  const back = new Date(time);
  return month >= 1 && day >= 1 && back.getUTCMonth() === month - 1 && back.getUTCDate() === day ? time : null;
}
