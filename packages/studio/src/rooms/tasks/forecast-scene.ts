import type { ColumnForecast } from 'unrolled/tasks/forecast';
import { axisMarks, type Frame, linear, pathMarks, roundNumbers } from '../../pictures/plot.ts';
import type { Mark, Scene } from '../../pictures/scene.ts';
import type { SeriesShape } from '../../protocol.ts';
import type { Palette } from '../../theme.svelte.ts';

/** History, forecast with its interval, and what really came. */
export function forecastScene(
  { values, interval, target }: ColumnForecast,
  column: readonly number[],
  origin: number,
  { window, horizon }: SeriesShape,
  width: number,
  palette: Palette,
): Scene {
  const frame: Frame = { left: 52, right: width - 12, top: 34, bottom: 290 };
  const from = Math.max(0, origin - Math.max(window, 2 * horizon));
  const history = column.slice(from, origin);
  const actual = column.slice(origin, origin + values.length);
  const all = [...history, ...values, ...actual, ...(interval?.lower ?? []), ...(interval?.upper ?? [])];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = 0.06 * (high - low || 1);
  const x = linear(from, origin + values.length - 1, frame.left, frame.right);
  const y = linear(low - room, high + room, frame.bottom, frame.top);
  const path = (numbers: readonly number[], start: number) =>
    numbers.map((value, i) => [x(start + i), y(value)] as const);
  const marks: Mark[] = axisMarks(
    frame,
    { at: x, values: roundNumbers(from, origin + values.length - 1, width < 500 ? 3 : 7), label: 'step' },
    { at: y, values: roundNumbers(low - room, high + room, 5), label: target },
    palette,
  );
  // The line from the last known number to the first predicted one.
  const known = history.at(-1);
  const bridge = known === undefined ? [] : [[x(origin - 1), y(known)] as const];
  if (interval) {
    const upper = [...bridge, ...path(interval.upper, origin)];
    const lower = path(interval.lower, origin);
    marks.push({ kind: 'area', points: [...upper, ...lower.toReversed()], fill: palette.accent, opacity: 0.22 });
  }
  const edge = x(origin - 0.5);
  marks.push({
    kind: 'line',
    x1: edge,
    x2: edge,
    y1: frame.top,
    y2: frame.bottom,
    colour: palette.edge,
    width: 1,
    dash: 3,
  });
  marks.push(...pathMarks(path(history, from), palette.soft, 1.8));
  marks.push(...pathMarks([...bridge, ...path(values, origin)], palette.accent, 2.6));
  if (actual.length > 0) marks.push(...pathMarks([...bridge, ...path(actual, origin)], palette.above, 2, 3));
  return { width, height: frame.bottom + 40, marks };
}
