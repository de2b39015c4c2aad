import { type Chart, svgOf, titleRows, width, wrapped } from './frame.ts';
import { element, label } from './svg.ts';
import { seriesColours } from './theme.ts';

export interface DotChart extends Chart {
  /** Places, sizes and colours (dark is low) from −1 to 1, y down. */
  readonly dots: readonly { readonly x: number; readonly y: number; readonly size: number; readonly colour: number }[];
  /** Number of the dot that was chosen, from 0. Default: none. */
  readonly chosen?: number | undefined;
  /** Of each dot, written beside it. Default: none. */
  readonly probabilities?: readonly number[] | undefined;
  /** What was said, one line each. Default: nothing. */
  readonly lines?: readonly string[] | undefined;
}

/** Side of the field. */
const side = 320;

/** Dots in a round field, as a player of OneCommon sees them (Udagawa & Aizawa 2019), and what was said about them. */
export function dotChart(chart: DotChart): string {
  const { dots, chosen, probabilities, lines = [] } = chart;
  const title = titleRows(chart.title);
  const [left, top] = [(width - side) / 2, title.bottom + 12];
  const middle = { x: left + side / 2, y: top + side / 2 };
  const parts = [
    ...title.parts,
    element('circle', { cx: middle.x, cy: middle.y, r: side / 2, fill: '#f1efe9', stroke: '#b9b5aa' }),
  ];
  for (const [i, { x, y, size, colour }] of dots.entries()) {
    const grey = Math.round(128 + 75 * colour);
    // Those at the edge stay within the field.
    const at = { cx: middle.x + (x * side) / 2.15, cy: middle.y + (y * side) / 2.15 };
    const r = ((10 + 3 * size) * side) / 430;
    parts.push(element('circle', { ...at, r, fill: `rgb(${grey},${grey},${grey})` }));
    if (i === chosen) {
      parts.push(
        element('circle', { ...at, r: r + 4, fill: 'none', stroke: seriesColours.light[1], 'stroke-width': 2.5 }),
      );
    }
    const share = probabilities ? `${i + 1}: ${(100 * probabilities[i]).toFixed(0)}%` : String(i + 1);
    parts.push(label(at.cx, at.cy + r + 15, share, { 'text-anchor': 'middle' }));
  }
  const rows = lines.flatMap((line) => wrapped(line, 1.05).map((row, i) => ({ row, indent: i > 0 ? 16 : 0 })));
  const bottom = top + side + 26;
  for (const [i, { row, indent }] of rows.entries()) parts.push(label(12 + indent, bottom + 18 * i, row));
  return svgOf(chart, bottom + 18 * rows.length, parts);
}
