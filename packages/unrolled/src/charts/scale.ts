import { lastMoment, timeTicks } from './time-ticks.ts';

/** From numbers to places along an axis. */
export interface Scale {
  /** Undefined where the number has no place: beyond ±1e300, below 1e−300 on a logarithmic axis, no date on one of time. */
  at(value: number): number | undefined;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

export interface Axis {
  /** The quantity shown, with its unit. */
  readonly label: string;
  /** 'time': milliseconds since 1970, with dates in UTC for ticks. Default 'linear'. */
  readonly scale?: 'linear' | 'log' | 'time';
  /** Ends of the axis. Default: the range of the values. */
  readonly from?: number;
  readonly to?: number;
}

/**
 * A scale that takes the axis' ends to two places.
 * @param values  the values to show; those that cannot be placed are ignored
 */
export function scaleOf(axis: Axis, values: readonly number[], start: number, end: number): Scale {
  const log = axis.scale === 'log';
  const time = axis.scale === 'time';
  const hasPlace = (value: number): boolean =>
    Math.abs(value) <= (time ? lastMoment : largest) && (!log || value >= 1 / largest);
  const shown = values.filter(hasPlace);
  const [least, most] = [axis.from ?? lowest(shown), axis.to ?? highest(shown)];
  const [from, to] = log
    ? widened(Math.log10(least), Math.log10(most), 0.5)
    : time && most - least >= 1000
      ? [least, most]
      : widened(least, most, time ? 43_200_000 : undefined);
  const place = (position: number): number => start + ((position - from) / (to - from)) * (end - start);
  const at = (value: number): number | undefined =>
    hasPlace(value) ? place(log ? Math.log10(value) : value) : undefined;
  if (time) return { at, ticks: timeTicks(Math.max(from, -lastMoment), Math.min(to, lastMoment)) };
  return {
    at,
    ticks: (log ? logTicks(from, to) : linearTicks(from, to))
      .filter((value) => at(value) !== undefined)
      .map((value) => ({ value, label: log ? powerLabel(value) : numberLabel(value) })),
  };
}

/** Beyond, differences of numbers are no longer finite. */
const largest = 1e300;

/** 0 and 1 where there is nothing to show. */
const lowest = (values: readonly number[]): number => values.reduce((a, b) => Math.min(a, b), values[0] ?? 0);
const highest = (values: readonly number[]): number => values.reduce((a, b) => Math.max(a, b), values[0] ?? 1);

/** An axis has some length, also where all values are the same: then `half` to either side. */
function widened(from: number, to: number, half?: number): [number, number] {
  if (!Number.isFinite(from) || !Number.isFinite(to)) return [0, 1];
  const size = Math.max(Math.abs(from), Math.abs(to));
  if (to - from > Math.max(1e-290, 1e-9 * size)) return [from, to];
  const room = half ?? (size > 1e-290 ? size / 2 : 0.5);
  return [from - room, to + room];
}

/** About `count` round numbers from `from` to `to`. */
function linearTicks(from: number, to: number, count = 5): number[] {
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough * 0.99) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  // `+ 0` makes no −0.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)) + 0);
}

/** Powers of ten between two exponents; round numbers where there are fewer than two. */
function logTicks(from: number, to: number): number[] {
  const [first, last] = [Math.ceil(from - 1e-9), Math.floor(to + 1e-9)];
  if (last - first < 1) return linearTicks(10 ** from, 10 ** to, 4).filter((value) => value > 0);
  const every = Math.ceil((last - first) / 6);
  return Array.from({ length: Math.floor((last - first) / every) + 1 }, (_, i) => 10 ** (last - i * every)).reverse();
}

function powerLabel(value: number): string {
  const exponent = Math.log10(value);
  if (exponent >= -2 && exponent <= 3) return numberLabel(value);
  if (Math.abs(exponent - Math.round(exponent)) > 1e-6) return numberLabel(value);
  return `10${[...String(Math.round(exponent))].map((digit) => superscripts['-0123456789'.indexOf(digit)]).join('')}`;
}

const superscripts = [...'⁻⁰¹²³⁴⁵⁶⁷⁸⁹'];

function numberLabel(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) return value.toExponential(1).replace('-', '−');
  return value.toLocaleString('en-US', { maximumSignificantDigits: 6 }).replace('-', '−');
}
