import { type Chart, svgOf, titleRows, width } from './frame.ts';
import { shown } from './heat-map.ts';
import { element, label } from './svg.ts';
import { sequential } from './theme.ts';

export interface AlignmentChart extends Chart {
  /** Source tokens, from left to right, and output tokens, from top to bottom. */
  readonly source: readonly string[];
  readonly target: readonly string[];
  /** How much each token that was written attended to each of the source, 0 to 1, by row. */
  readonly weights: readonly (readonly number[])[];
}

/**
 * Attention of each token of a translation, as in Bahdanau 2015: a square for each pair of tokens, the brighter the
 * more weight. As wide as it needs to be to write every token; long sequences get small squares, and some of the names.
 */
export function alignmentChart(chart: AlignmentChart): string {
  const { source, target, weights } = chart;
  const title = titleRows(chart.title);
  const lengthOf = (names: readonly string[]): number => Math.max(1, ...names.map((name) => [...name].length));
  const [across, down] = [lengthOf(source), lengthOf(target)];
  const size = Math.max(0.5, Math.min(24, 1200 / Math.max(source.length, target.length)));
  const left = 24 + Math.min(240, 8.5 * down);
  // Names of more than a character or two stand on their heads, so that each has its column.
  const upright = across <= 2;
  const top = title.bottom + (upright ? 34 : 22 + Math.min(240, 8.5 * across));
  const parts = [...title.parts];
  for (const [s, name] of shown(source, 17 / size)) {
    const x = left + (s + 0.5) * size;
    parts.push(
      upright
        ? label(x, top - 8, name, { 'text-anchor': 'middle' })
        : label(0, 0, name, { transform: `translate(${(x + 5).toFixed(1)} ${top - 8}) rotate(-90)` }),
    );
  }
  for (const [t, name] of shown(target, 17 / size)) {
    parts.push(label(left - 8, top + (t + 0.5) * size + 5, name, { 'text-anchor': 'end' }));
  }
  weights.forEach((row, t) => {
    row.forEach((weight, s) => {
      if (!Number.isFinite(weight)) return;
      const fill = sequential(weight);
      // A hair wider than it is, so that no light shines through between neighbours.
      const square = { x: left + s * size, y: top + t * size, width: size + 0.3, height: size + 0.3, fill };
      parts.push(element('rect', square));
    });
  });
  const bottom = top + target.length * size;
  const note = 'across: the source; down: what was written; the brighter, the more it looked there';
  parts.push(label(12, bottom + 24, note, { class: 'soft' }));
  return svgOf(chart, bottom + 36, parts, Math.max(width, left + source.length * size + 16));
}
