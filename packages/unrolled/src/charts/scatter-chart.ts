import { axes, type Chart, colour, filling, legend, svgOf, titleRows, width } from './frame.ts';
import { type Axis, type Scale, scaleOf } from './scale.ts';
import { element, round } from './svg.ts';

export interface PointGroup {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** A third quantity of each point, from 0, shown as the area of a circle in place of the mark. */
  readonly sizes?: readonly number[];
}

export interface ScatterChart extends Chart {
  readonly x: Axis;
  readonly y: Axis;
  readonly groups: readonly PointGroup[];
  /** Draws the circle |x + iy| = 1, and gives both axes the same measure. Default false. */
  readonly unitCircle?: boolean;
}

/** Points of several groups, as an SVG document. */
export function scatterChart(chart: ScatterChart): string {
  const title = titleRows(chart.title);
  const names = legend(
    chart.groups.map(({ name }) => name),
    title.bottom,
    (index, x, y) => element('path', { class: `point ${colour(index)}`, d: mark(index, x + 14, y) }),
  );
  const points = chart.groups.flatMap((group) => group.points);
  const top = names.bottom + 38;
  const plot = { left: 66, right: width - 16, top, bottom: top + (chart.unitCircle ? width - 82 : 270) };
  const sizes = points
    .flat()
    .map(Math.abs)
    .filter((size) => size < 1e300);
  const reach = 1.08 * sizes.reduce((most, size) => Math.max(most, size), 1);
  const ends = chart.unitCircle ? { from: -reach, to: reach } : {};
  const [x, y] = [
    { ...ends, ...chart.x },
    { ...ends, ...chart.y },
  ];
  const xs = scaleOf(
    x,
    points.map(([value]) => value),
    plot.left,
    plot.right,
  );
  const bubbled = chart.groups.some((group) => group.sizes !== undefined);
  const heights = points.map(([, value]) => value);
  const ys = scaleOf(y, bubbled ? withRoom(heights) : heights, plot.bottom, plot.top);
  const circle = chart.unitCircle
    ? [element('circle', { class: 'axis', fill: 'none', cx: xs.at(0), cy: ys.at(0), r: xs.at(1)! - xs.at(0)! })]
    : [];
  const areas = chart.groups.flatMap(({ sizes: own = [] }) => own).filter(Number.isFinite);
  const largest = areas.reduce((a, b) => Math.max(a, b), 0);
  const marks = chart.groups.map(({ points: group, sizes: own }, index) => {
    if (own !== undefined) return bubbles(group, own, largest, xs, ys, index);
    const places = group.flatMap(([a, b]) => {
      const [left, height] = [xs.at(a), ys.at(b)];
      return left === undefined || height === undefined ? [] : [mark(index, left, height)];
    });
    return element('path', { class: `point ${colour(index)}`, d: places.join('') });
  });
  return svgOf(chart, plot.bottom + 54, [
    ...title.parts,
    ...names.parts,
    ...axes(plot, x, xs, y, ys),
    ...circle,
    ...marks,
  ]);
}

/** Radius of the largest bubble. */
const widest = 22;

/** The values, and two more that keep bubbles off the axis. */
function withRoom(values: readonly number[]): number[] {
  const known = values.filter(Number.isFinite);
  const least = known.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const greatest = known.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const room = 0.1 * (greatest - least);
  return known.length === 0 ? [] : [...known, least - room, greatest + room];
}

/** A circle for each point, its area in proportion to its size, and not too small to be seen. */
function bubbles(
  points: PointGroup['points'],
  sizes: readonly number[],
  largest: number,
  xs: Scale,
  ys: Scale,
  index: number,
): string {
  const circles = points.flatMap(([x, y], i) => {
    const [left, height] = [xs.at(x), ys.at(y)];
    if (left === undefined || height === undefined) return [];
    const share = sizes[i] > 0 && Number.isFinite(sizes[i]) ? sizes[i] / largest : 0;
    const r = Math.max(2, widest * Math.sqrt(share));
    const kinds = `point ${colour(index)} ${filling(index)}`;
    return [element('circle', { class: kinds, 'fill-opacity': 0.3, cx: left, cy: height, r })];
  });
  return circles.join('');
}

/** A shape for each group: circle, cross, square, triangle, diamond, plus. */
function mark(index: number, x: number, y: number): string {
  const shapes = [
    'm-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0',
    'm-3 -3l6 6m0 -6l-6 6',
    'm-3 -3h6v6h-6z',
    'm0 -4l4 7h-8z',
    'm0 -4l4 4l-4 4l-4 -4z',
    'm-4 0h8m-4 -4v8',
  ];
  return `M${round(x)} ${round(y)}${shapes[index % shapes.length]}`;
}
