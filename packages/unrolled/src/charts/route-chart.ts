import { type Chart, filling, svgOf, titleRows } from './frame.ts';
import { element, label } from './svg.ts';

export interface RouteChart extends Chart {
  /** Places, and what stands there ('' for nothing). */
  readonly places: readonly { readonly x: number; readonly y: number; readonly item: string }[];
  /** Steps between places; the floor is a name, drawn in its colour where it is one (`blue`, `brick`, `grass`). */
  readonly paths: readonly {
    readonly from: readonly [x: number, y: number];
    readonly to: readonly [x: number, y: number];
    readonly floor: string;
  }[];
  /** Where the walker was, from the start on; angles in degrees, 0 to the north (up), clockwise. */
  readonly poses: readonly { readonly x: number; readonly y: number; readonly angle: number }[];
}

/** Pixels between neighbouring places. */
const step = 64;

/** Of floors by name; others are grey. */
const floors: Readonly<Record<string, string>> = {
  ...{ blue: '#7fb2e5', brick: '#c9765b', concrete: '#b9bdc2', flower: '#e7a9c4', grass: '#8fbf7a', gravel: '#a89f91' },
  ...{ wood: '#c8a06a', yellow: '#e8d36a', red: '#d9776f', green: '#8fbf7a', purple: '#b69ad6', orange: '#e9b072' },
};

/** The path of a walker over a map: places with what stands there, floors in colour, and arrows from the start to the end. */
export function routeChart(chart: RouteChart): string {
  const { places, paths, poses } = chart;
  const title = titleRows(chart.title);
  const [xs, ys] = [places.map(({ x }) => x), places.map(({ y }) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [columns, rows] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const x = (place: number): number => 40 + (place - left) * step;
  const y = (place: number): number => title.bottom + 48 + (place - top) * step;
  const parts = [...title.parts];
  for (const { from, to, floor } of paths) {
    const line = { x1: x(from[0]), y1: y(from[1]), x2: x(to[0]), y2: y(to[1]) };
    parts.push(
      element('line', { ...line, stroke: floors[floor] ?? '#9aa1a9', 'stroke-width': 14, 'stroke-linecap': 'round' }),
    );
  }
  for (const place of places) {
    parts.push(element('circle', { class: 'soft', cx: x(place.x), cy: y(place.y), r: 3, fill: '#55606e' }));
    // A word a line: names of neighbouring places stand beside each other.
    const words = place.item.split(' ').filter(Boolean);
    words.forEach((word, i) => {
      const above = 12 + 12 * (words.length - 1 - i);
      parts.push(label(x(place.x), y(place.y) - above, word, { 'text-anchor': 'middle', style: 'font-size:12px' }));
    });
  }
  const walk = poses.map((pose, i) => `${i === 0 ? 'M' : 'L'}${x(pose.x)} ${y(pose.y)}`).join('');
  parts.push(element('path', { class: 'line c0', d: walk, 'stroke-width': 3 }));
  const ends = poses.length > 1 ? [poses[0], poses[poses.length - 1]] : poses;
  ends.forEach((pose, i) => {
    const turn = `translate(${x(pose.x)} ${y(pose.y)}) rotate(${pose.angle})`;
    // A triangle whose tip shows the way it faces: hollow at the start, filled at the end.
    const last = i === ends.length - 1;
    const look = last ? { class: filling(1) } : { class: 'line c0', fill: 'none' };
    parts.push(element('path', { ...look, d: 'M0 -11L8 8L0 4L-8 8Z', transform: turn }));
  });
  const bottom = y(top + rows) + 30;
  parts.push(label(12, bottom + 6, 'hollow: the start; filled: the end, with the way it faces', { class: 'soft' }));
  return svgOf(chart, bottom + 20, parts, Math.max(420, 80 + columns * step));
}
