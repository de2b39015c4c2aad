import { type Chart, svgOf, titleRows, width } from './frame.ts';
import { type Axis, scaleOf } from './scale.ts';
import { element, label } from './svg.ts';
import { sequential } from './theme.ts';

export interface HeatMap extends Chart {
  /** Labels of the columns and rows, and the name of each; as many names are shown as fit. */
  readonly x: { readonly label: string; readonly names: readonly string[] };
  readonly y: { readonly label: string; readonly names: readonly string[] };
  /** The quantity shown as colour. */
  readonly value: Axis;
  /** By row, first row on top. Cells whose value has no place on the scale are left empty. */
  readonly values: readonly (readonly number[])[];
}

/** Numbers of a table as colours, from dark blue (low) to yellow (high), as an SVG document. */
export function heatMap(chart: HeatMap): string {
  const title = titleRows(chart.title);
  const [rows, columns] = [chart.y.names.length, chart.x.names.length];
  const longest = Math.max(0, ...chart.y.names.map((name) => name.length));
  const left = Math.min(160, 24 + 8 * longest);
  const barTop = title.bottom + 30;
  const top = barTop + 82;
  const cell = { width: (width - 16 - left) / columns, height: Math.max(4, Math.min(24, 260 / rows)) };
  const bottom = top + rows * cell.height;
  const scale = scaleOf(chart.value, chart.values.flat(), 0, 1);
  const bar = scaleOf(chart.value, chart.values.flat(), left, width - 16);
  const steps = 64;
  const step = (width - 16 - left) / steps;
  const parts = [...title.parts, label(12, barTop - 8, chart.value.label)];
  for (let i = 0; i < steps; i++) {
    const fill = sequential((i + 0.5) / steps);
    parts.push(element('rect', { x: left + i * step, y: barTop, width: step + 0.5, height: 12, fill }));
  }
  for (const { value, label: text } of bar.ticks) {
    parts.push(label(bar.at(value)!, barTop + 28, text, { class: 'soft', 'text-anchor': 'middle' }));
  }
  parts.push(label(12, top - 10, chart.y.label));
  chart.values.forEach((row, r) => {
    row.forEach((value, c) => {
      const share = scale.at(value);
      if (share === undefined) return;
      // A little wider than it is, so that no light shines through between neighbours.
      const size = { width: cell.width + 0.3, height: cell.height + 0.3 };
      parts.push(
        element('rect', { x: left + c * cell.width, y: top + r * cell.height, ...size, fill: sequential(share) }),
      );
    });
  });
  for (const [r, name] of shown(chart.y.names, 17 / cell.height)) {
    parts.push(label(left - 6, top + (r + 0.5) * cell.height + 5, name, { class: 'soft', 'text-anchor': 'end' }));
  }
  const widest = Math.max(1, ...chart.x.names.map((name) => name.length));
  for (const [c, name] of shown(chart.x.names, (8 * widest + 8) / cell.width)) {
    parts.push(label(left + (c + 0.5) * cell.width, bottom + 18, name, { class: 'soft', 'text-anchor': 'middle' }));
  }
  parts.push(label((left + width - 16) / 2, bottom + 40, chart.x.label, { 'text-anchor': 'middle' }));
  return svgOf(chart, bottom + 54, parts);
}

/** Every so many names that they do not run into each other, with their places. */
export function shown(names: readonly string[], cellsPerName: number): [number, string][] {
  const every = [1, 2, 5, 10, 20, 25, 50, 100, 200, 500, 1000].find((n) => n >= cellsPerName) ?? names.length;
  return names.flatMap((name, i): [number, string][] => (i % every === 0 ? [[i, name]] : []));
}
