import { styleText } from 'node:util';
import { inkOn, sequential, shares } from 'unrolled/charts';
import type { TracedToken } from 'unrolled/tasks/language-model';
import { printable } from '../output/text.ts';

/** Whether standard output is a terminal with 24-bit colours. */
export const hasAllColours = (): boolean => process.stdout.isTTY === true && process.stdout.getColorDepth() >= 24;

const shades = ' ·-=#';

/**
 * A span of text with the first value of each token: on colours from dark blue to yellow, or, without colours, with a row
 * of shades below each row.
 * @param sign  1: yellow is the highest value, −1: the lowest
 */
export function showSpan(span: readonly TracedToken[], sign: 1 | -1, columns: number, coloured: boolean): string {
  const levels = shares(span.map(({ values }) => sign * values[0]));
  const rows: { character: string; level: number }[][] = [[]];
  for (const [i, { piece }] of span.entries()) {
    // A line break has a value, too, so it is shown.
    for (const character of printable(piece).replaceAll('\n', '⏎\n')) {
      if (character === '\n') rows.push([]);
      else {
        if (rows[rows.length - 1].length >= columns) rows.push([]);
        rows[rows.length - 1].push({ character, level: levels[i] });
      }
    }
  }
  const whole = rows.filter((row) => row.length > 0);
  if (coloured) return whole.map((row) => row.map(onColour).join('')).join('\n');
  return whole
    .map((row) => {
      const marks = row.map(({ level }) => shades[Math.min(shades.length - 1, Math.floor(level * shades.length))]);
      return `${row.map(({ character }) => character).join('')}\n${styleText('dim', marks.join('').trimEnd())}`;
    })
    .join('\n');
}

function onColour({ character, level }: { character: string; level: number }): string {
  const ground = sequential(level);
  return `\u001b[48;2;${channels(ground)};38;2;${channels(inkOn(ground))}m${character}\u001b[0m`;
}

const channels = (colour: string): string =>
  [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16)).join(';');
