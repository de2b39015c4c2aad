import { formatNumber } from '../format.ts';
import type { Palette } from '../theme.svelte.ts';
import type { Mark } from './scene.ts';

/** The room inside of the axes, in pixels. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Where a value stands. */
export type Place = (value: number) => number;

export function linear(low: number, high: number, from: number, to: number): Place {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

/** By powers of ten; what is below the lowest stands there. */
export function logarithmic(low: number, high: number, from: number, to: number): Place {
  const at = linear(Math.log10(low), Math.log10(high), from, to);
  return (value) => at(Math.log10(Math.max(low, value)));
}

/** The powers of ten around values, no more than so many; [0.1, 1] where there are none. */
export function decadesOf(values: Iterable<number>, most = 10): readonly [number, number] {
  let [low, high] = [Infinity, 0];
  for (const value of values) {
    if (!(value > 0 && value < Infinity)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (high === 0) return [0.1, 1];
  const top = Math.ceil(Math.log10(high));
  return [10 ** Math.min(top - 1, Math.max(top - most, Math.floor(Math.log10(low)))), 10 ** top];
}

/** 10 with raised digits: 10⁻³. */
export function powerOfTen(value: number): string {
  const power = Math.round(Math.log10(value));
  if (power >= 0 && power <= 2) return String(10 ** power);
  const digits: Readonly<Record<string, string>> = { '-': '⁻', ...Object.fromEntries([...'⁰¹²³⁴⁵⁶⁷⁸⁹'].entries()) };
  return `10${[...String(power)].map((digit) => digits[digit]).join('')}`;
}

/** Some four round numbers between two. */
export function roundNumbers(low: number, high: number, count = 4): number[] {
  const rough = (high - low) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough) ?? rough;
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.max(0, Math.floor(high / step + 1e-9) - first + 1) }, (_, i) => (first + i) * step);
}

export const powersBetween = ([low, high]: readonly [number, number], most = 6): number[] => {
  const [from, to] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))];
  const every = Math.max(1, Math.ceil((to - from) / most));
  return Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, i) => 10 ** (to - i * every)).reverse();
};

interface AxisTicks {
  readonly at: Place;
  readonly values: readonly number[];
  readonly name?: (value: number) => string;
  readonly label: string;
}

/** Both axes with a fine grid; the label of y stands above. */
export function axisMarks(frame: Frame, x: AxisTicks, y: AxisTicks, { soft, line }: Palette): Mark[] {
  const text = { kind: 'text', size: 12, fill: soft } as const;
  const { left, right, top, bottom } = frame;
  return [
    ...y.values.flatMap((value): Mark[] => {
      const place = y.at(value);
      const name = (y.name ?? formatNumber)(value);
      return [
        { kind: 'line', x1: left, x2: right, y1: place, y2: place, colour: line, width: 1 },
        { ...text, x: left - 6, y: place + 4, text: name, align: 'end' },
      ];
    }),
    ...x.values.map((value): Mark => {
      const name = (x.name ?? formatNumber)(value);
      // The last number ends where the picture does.
      const place = Math.min(x.at(value), right + 8 - 3.5 * name.length);
      return { ...text, x: place, y: bottom + 16, text: name, align: 'middle' };
    }),
    { kind: 'line', x1: left, x2: right, y1: bottom, y2: bottom, colour: soft, width: 1 },
    { ...text, x: right, y: bottom + 32, text: x.label, align: 'end' },
    { ...text, x: 0, y: top - 16, text: y.label },
  ];
}

/** A line through points, in pixels. */
export function pathMarks(
  points: readonly (readonly [number, number])[],
  colour: string,
  width = 2,
  dash?: number,
): Mark[] {
  return points.slice(1).map(([x2, y2], i): Mark => {
    const [x1, y1] = points[i];
    return { kind: 'line', x1, y1, x2, y2, colour, width, ...(dash && { dash }) };
  });
}
