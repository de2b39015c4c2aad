import { type Chart, svgOf, titleRows, width } from './frame.ts';
import { element, label, round } from './svg.ts';

export interface GraphNode {
  /** Different for each node. */
  readonly id: string;
  /** Lines of text in its box. */
  readonly lines: readonly string[];
  /** How it is drawn: what comes in or goes out, or what is computed. Default 'node'. */
  readonly kind?: 'end' | 'node' | undefined;
}

export interface GraphChart extends Chart {
  readonly nodes: readonly GraphNode[];
  /** From and to nodes by id, without circles; `dashed` for what is kept until the next step, for example. */
  readonly edges: readonly { readonly from: string; readonly to: string; readonly dashed?: boolean | undefined }[];
}

/** Pixels between centres of rows, and between neighbours of a row at least. */
const [rowGap, gap, lineHeight] = [66, 10, 15];

interface Placed extends GraphNode {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Boxes and arrows from the bottom to the top, as an SVG document. A node stands a row above the highest of those that it reads,
 * near the middle of them; one that reads nothing stands a row below the first that reads it.
 */
export function graphChart(chart: GraphChart): string {
  const title = titleRows(chart.title);
  const rows = rowsOf(chart);
  const bottom = title.bottom + 46 + rowGap * (rows.length - 1);
  const place = (before: ReadonlyMap<string, Placed>): Map<string, Placed> => {
    const found = new Map<string, Placed>();
    rows.forEach((row, r) => {
      for (const node of placedRow(chart, row, bottom - rowGap * r, found, before)) found.set(node.id, node);
    });
    return found;
  };
  // Twice: then what reads nothing can stand beside what is read together with it.
  const placed = place(place(new Map()));
  const nodes = [...placed.values()];
  const left = nodes.reduce((least, node) => Math.min(least, node.x - node.width / 2), 0);
  const right = nodes.reduce((most, node) => Math.max(most, node.x + node.width / 2), 0);
  const wide = Math.max(width, right - left + 32);
  const shift = (wide - (right - left)) / 2 - left;
  const edges = chart.edges.map(({ from, to, dashed }) => {
    const [a, b] = [placed.get(from)!, placed.get(to)!];
    const [x1, y1, x2, y2] = [a.x + shift, a.y - a.height / 2, b.x + shift, b.y + b.height / 2 + 6].map(round);
    const middle = round((y1 + y2) / 2);
    const d = `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}m-4 2l4 -7l4 7`;
    return element('path', { class: 'line c0', d, 'stroke-dasharray': dashed ? '5 4' : undefined });
  });
  const boxes = nodes.flatMap(({ x, y, width: w, height, lines, kind = 'node' }) => {
    const box = { x: x + shift - w / 2, y: y - height / 2, width: w, height, rx: 7 };
    const colours = kind === 'node' ? 'c0 f0' : 'c1 f1';
    const first = y + 5 - ((lines.length - 1) * lineHeight) / 2;
    return [
      element('rect', { ...box, class: 'paper' }),
      element('rect', { ...box, class: colours, 'fill-opacity': 0.14, 'stroke-width': 1.3 }),
      ...lines.map((line, i) =>
        label(x + shift, first + i * lineHeight, line, { 'text-anchor': 'middle', style: 'font-size:12px' }),
      ),
    ];
  });
  return svgOf(chart, bottom + 40, [...title.parts, ...edges, ...boxes], wide);
}

const widthOf = ({ lines }: GraphNode): number => 18 + 6.6 * Math.max(3, ...lines.map((line) => line.length));

/** The nodes of each row, the lowest first. */
function rowsOf({ nodes, edges }: GraphChart): GraphNode[][] {
  const inputs = (id: string): string[] => edges.filter(({ to }) => to === id).map(({ from }) => from);
  const heights = new Map<string, number>();
  const heightOf = (id: string): number => {
    const known = heights.get(id);
    if (known !== undefined) return known;
    const height = inputs(id).reduce((most, one) => Math.max(most, heightOf(one) + 1), 0);
    heights.set(id, height);
    return height;
  };
  for (const { id } of nodes) heightOf(id);
  for (const { id } of nodes) {
    const readers = edges.filter(({ from }) => from === id).map(({ to }) => heights.get(to)!);
    if (inputs(id).length === 0 && readers.length > 0) heights.set(id, Math.max(0, Math.min(...readers) - 1));
  }
  const rows: GraphNode[][] = [];
  for (const node of nodes) {
    const height = heights.get(node.id)!;
    while (rows.length <= height) rows.push([]);
    rows[height].push(node);
  }
  return rows;
}

/** A row's nodes near what they read, without overlaps. */
function placedRow(
  { edges }: GraphChart,
  row: readonly GraphNode[],
  y: number,
  below: ReadonlyMap<string, Placed>,
  before: ReadonlyMap<string, Placed>,
): Placed[] {
  const middle = (xs: readonly number[]): number | null =>
    xs.length > 0 ? xs.reduce((sum, x) => sum + x, 0) / xs.length : null;
  const wish = ({ id }: GraphNode): number | null => {
    const inputs = edges.flatMap(({ from, to }) => (to === id ? (below.get(from)?.x ?? []) : []));
    if (inputs.length > 0 || below.size === 0) return middle(inputs);
    const readers = edges.filter(({ from }) => from === id).map(({ to }) => to);
    const others = edges.filter(({ from, to }) => from !== id && readers.includes(to));
    const beside = middle(others.flatMap(({ from }) => before.get(from)?.x ?? []));
    return beside === null ? null : beside + 1;
  };
  const wishes = row.map((node, i) => ({ node, i, x: wish(node) }));
  const rightmost = wishes.reduce((most, { x }) => Math.max(most, x ?? most), 0);
  // What reads nothing stands to the right of what does, in the given order.
  const sorted = wishes
    .map((one) => ({ ...one, x: one.x ?? rightmost + one.i }))
    .sort((a, b) => a.x - b.x || a.i - b.i);
  let end = Number.NEGATIVE_INFINITY;
  const xs = sorted.map(({ node, x }) => {
    const half = widthOf(node) / 2;
    const at = Math.max(x, end + gap + half);
    end = at + half;
    return at;
  });
  const moved = sorted.reduce((sum, { x }, i) => sum + xs[i] - x, 0) / Math.max(1, sorted.length);
  return sorted.map(({ node }, i) => ({
    ...node,
    ...{ x: xs[i] - moved, y, width: widthOf(node), height: 12 + lineHeight * node.lines.length },
  }));
}
