import { type Series as Line, lineChart } from 'unrolled/charts';
import type { ColumnForecast } from 'unrolled/tasks/forecast';
import type { Times } from './times.ts';

export interface ForecastPicture {
  readonly forecast: ColumnForecast;
  /** The whole column, and the row at which the forecast begins. */
  readonly column: ArrayLike<number>;
  readonly origin: number;
  readonly times: Times | null;
  readonly timeColumn: string | null;
  /** Steps of history to show. */
  readonly shown: number;
  /** Command that draws it again. */
  readonly command: string;
}

/** History, forecast with its interval, and the actual values where they are known, as an SVG document. */
export function drawForecast(picture: ForecastPicture): string {
  const { forecast, column, origin, times, shown, command } = picture;
  const at = (row: number): number => (times ? times.at(row) : row);
  const known = (from: number, to: number): [number, number][] => {
    const [first, end] = [Math.max(0, from), Math.min(column.length, to)];
    return Array.from({ length: Math.max(0, end - first) }, (_, i) => [at(first + i), column[first + i]]);
  };
  const { level, lower, upper } = forecast.interval!;
  const values = Array.from(forecast.values, (value, h): [number, number] => [at(origin + h), value]);
  const last = known(origin - 1, origin);
  const actual = known(origin, origin + values.length);
  const scale = times?.dates ? 'time' : 'linear';
  const lines: Line[] = [
    { name: 'history', points: known(origin - shown, origin) },
    {
      // From the last known value, so that the lines meet.
      name: `forecast, ${Number((100 * level).toPrecision(6))}% interval`,
      points: [...last, ...values],
      band: [
        ...last.map(([x, y]): [number, number, number] => [x, y, y]),
        ...values.map(([x], h): [number, number, number] => [x, lower[h], upper[h]]),
      ],
    },
    ...(actual.length > 0 ? [{ name: 'actual', points: [...last, ...actual] }] : []),
  ];
  return lineChart({
    title: `${forecast.target}: ${values.length} ${values.length === 1 ? 'step' : 'steps'} ahead`,
    description: `Made by: ${command}`,
    x: { label: timeLabel(picture, at(origin - shown), at(origin + values.length - 1)), scale },
    y: { label: forecast.target },
    series: lines,
  });
}

/** `date (2015)`: ticks closer than a month do not show the year. */
function timeLabel({ times, timeColumn }: ForecastPicture, from: number, to: number): string {
  if (!times?.dates) return timeColumn ?? 'row';
  const [first, last] = [from, to].map((time) => new Date(time).getUTCFullYear());
  return `${timeColumn} (${first === last ? first : `${first}–${last}`})`;
}
