import { type Chart, svgOf, titleRows } from './frame.ts';
import { element, escapeXml, label, round } from './svg.ts';
import { inkOn, sequential } from './theme.ts';

export interface TextMap extends Chart {
  /** The text in pieces, characters or longer ones, each with its value. */
  readonly pieces: readonly { readonly text: string; readonly value: number }[];
  /** The quantity, named beside the colours. */
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

/** A text whose pieces are coloured by their values, from dark blue (lowest) to yellow (highest), as an SVG document. */
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
  const cells = placed(pieces, columns);
  // Neighbours of one colour are one rectangle, letters of a row in one ink one text: a tenth of the size.
  for (let i = 0; i < cells.length; ) {
    const { row, column, level } = cells[i];
    let end = i + 1;
    while (end < cells.length && cells[end].row === row && cells[end].level === level) end++;
    const [x, y] = [left + column * cell.width, top + row * cell.height];
    // A little wider than it is, so that no light shines through between neighbours.
    const size = { width: (end - i) * cell.width + 0.3, height: cell.height - 1 };
    parts.push(element('rect', { x, y, ...size, fill: sequential(level / levels) }));
    i = end;
  }
  const rows = Map.groupBy(cells, ({ row, level }) => `${row} ${inkOn(sequential(level / levels))}`);
  const letters: string[] = [];
  for (const [key, own] of rows) {
    const [row, ink] = key.split(' ');
    const y = top + Number(row) * cell.height + 13.5;
    const middle = ({ column }: Placed): number => left + (column + 0.5) * cell.width;
    const visible = own.filter(({ character }) => character.trim() !== '');
    // What is two UTF-16 units long would take two of the places.
    const [single, others] = [visible.filter(({ character }) => character.length === 1), visible];
    if (single.length > 0) {
      const text = single.map(({ character }) => character).join('');
      const x = single.map((one) => round(middle(one))).join(' ');
      letters.push(element('text', { x, y, style: `fill:${ink}` }, escapeXml(text)));
    }
    for (const one of others) {
      if (one.character.length > 1) letters.push(label(middle(one), y, one.character, { style: `fill:${ink}` }));
    }
  }
  parts.push(element('g', { 'text-anchor': 'middle', class: 'letters' }, ...letters));
  const height = top + ((cells.at(-1)?.row ?? -1) + 1) * cell.height + 12;
  return svgOf(map, height, [element('style', {}, '.letters text{font:13px ui-monospace,monospace}'), ...parts], wide);
}

/** Number of colours, more than the eye distinguishes. */
const levels = 48;

interface Placed {
  readonly character: string;
  readonly level: number;
  readonly row: number;
  readonly column: number;
}

function placed(pieces: TextMap['pieces'], columns: number): Placed[] {
  const cells: Placed[] = [];
  let [row, column] = [0, 0];
  for (const [i, share] of shares(pieces.map(({ value }) => value)).entries()) {
    for (const character of pieces[i].text) {
      if (column >= columns) [row, column] = [row + 1, 0];
      const shown = character === '\n' ? '↵' : character === '\t' ? '→' : character;
      cells.push({ character: shown, level: Math.round(share * levels), row, column });
      column++;
      if (character === '\n') [row, column] = [row + 1, 0];
    }
  }
  return cells;
}
