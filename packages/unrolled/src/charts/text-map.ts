import { type Chart, svgOf, titleRows } from './frame.ts';
import { element, label } from './svg.ts';
import { inkOn, sequential } from './theme.ts';

export interface TextMap extends Chart {
  /** The text in pieces, characters or longer ones, each with its value. */
  readonly pieces: readonly { readonly text: string; readonly value: number }[];
  /** What the value is; it stands beside the colours. */
  readonly label: string;
  /** Characters in a row. Default 72. */
  readonly columns?: number;
}

/** From the lowest value to the highest as 0 … 1; ½ where all are the same. */
export function shares(values: readonly number[]): number[] {
  const known = values.filter((value) => Number.isFinite(value));
  const [low, high] = known.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [Infinity, -Infinity]);
  return values.map((value) =>
    Number.isFinite(value) && high > low ? (value / 2 - low / 2) / (high / 2 - low / 2) : 0.5,
  );
}

const cell = { width: 8.4, height: 19 };

/** A text whose every piece has the colour of its value, from dark blue (lowest) to yellow (highest), as SVG. */
export function textMap(map: TextMap): string {
  const { pieces, columns = 72 } = map;
  const left = 12;
  const wide = 2 * left + columns * cell.width;
  const title = titleRows(map.title);
  const top = title.bottom + 46;
  const parts = [...title.parts];
  const steps = 32;
  for (let i = 0; i < steps; i++) {
    const fill = sequential((i + 0.5) / steps);
    parts.push(element('rect', { x: left + 5 * i, y: title.bottom + 12, width: 5.5, height: 12, fill }));
  }
  parts.push(label(left + 5 * steps + 12, title.bottom + 23, map.label, { class: 'soft' }));
  let [row, column] = [0, 0];
  const colours = shares(pieces.map(({ value }) => value)).map(sequential);
  for (const [i, { text }] of pieces.entries()) {
    for (const character of text) {
      if (column >= columns) [row, column] = [row + 1, 0];
      const [x, y] = [left + column * cell.width, top + row * cell.height];
      // A little wider than it is, so that no light shines through between neighbours.
      const size = { width: cell.width + 0.3, height: cell.height - 1 };
      parts.push(element('rect', { x, y, ...size, fill: colours[i] }));
      const shown = character === '\n' ? '↵' : character === '\t' ? '→' : character;
      if (shown.trim() !== '') {
        const style = `fill:${inkOn(colours[i])};font:13px ui-monospace,monospace`;
        parts.push(label(x + cell.width / 2, y + 13.5, shown, { 'text-anchor': 'middle', style }));
      }
      column++;
      if (character === '\n') [row, column] = [row + 1, 0];
    }
  }
  return svgOf(map, top + (row + (column > 0 ? 1 : 0)) * cell.height + 12, parts, wide);
}
