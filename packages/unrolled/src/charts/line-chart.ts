import { axes, type Chart, colour, dashOf, filling, legend, lineSample, svgOf, titleRows, width } from './frame.ts';
import { type Axis, scaleOf } from './scale.ts';
import { element, round } from './svg.ts';

export interface Series {
  readonly name: string;
  /** From left to right. A line is broken where a point has no place, as 0 has none on a logarithmic axis. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** A shaded band around the line, such as between two quantiles. */
  readonly band?: readonly (readonly [x: number, low: number, high: number])[];
}

export interface LineChart extends Chart {
  readonly x: Axis;
  readonly y: Axis;
  readonly series: readonly Series[];
}

/** Lines over a common x, as an SVG document. */
export function lineChart(chart: LineChart): string {
  const title = titleRows(chart.title);
  const names = legend(
    chart.series.map(({ name }) => name),
    title.bottom,
    lineSample,
  );
  const plot = { left: 66, right: width - 16, top: names.bottom + 38, bottom: names.bottom + 268 };
  const points = chart.series.flatMap((series) => series.points);
  const bands = chart.series.flatMap((series) => series.band ?? []);
  const xs = scaleOf(
    chart.x,
    [...points, ...bands].map(([x]) => x),
    plot.left,
    plot.right,
  );
  const ys = scaleOf(
    chart.y,
    [...points.map(([, y]) => y), ...bands.flatMap(([, a, b]) => [a, b])],
    plot.bottom,
    plot.top,
  );
  const place = (x: number, y: number): string | null => {
    const [left, top] = [xs.at(x), ys.at(y)];
    return left === undefined || top === undefined ? null : `${round(left)} ${round(top)}`;
  };
  const shades = chart.series.map(({ band = [] }, index) => {
    const whole = band.filter(([x, low, high]) => place(x, low) !== null && place(x, high) !== null);
    if (whole.length < 2) return '';
    const edge = [
      ...whole.map(([x, , high]) => place(x, high)),
      ...whole.toReversed().map(([x, low]) => place(x, low)),
    ];
    return element('path', { class: `band ${filling(index)}`, d: `M${edge.join('L')}Z` });
  });
  const lines = chart.series.map(({ points: along }, index) => {
    let drawn = false;
    const steps = along.map(([x, y]) => {
      const at = place(x, y);
      const step = at === null ? '' : `${drawn ? 'L' : 'M'}${at}`;
      drawn = at !== null;
      return step;
    });
    return element('path', { class: `line ${colour(index)}`, d: steps.join(''), 'stroke-dasharray': dashOf(index) });
  });
  const parts = [...title.parts, ...names.parts, ...axes(plot, chart.x, xs, chart.y, ys), ...shades, ...lines];
  return svgOf(
    chart,
    plot.bottom + 54,
    parts.filter((part) => part !== ''),
  );
}
