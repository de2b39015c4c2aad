import type { Axis, Scale } from './scale.ts';
import { element, escapeXml, label, round } from './svg.ts';
import { dashes, seriesCount, styles } from './theme.ts';

/** Options of every chart. */
export interface Chart {
  readonly title: string;
  /** Text alternative, such as the command that draws the chart again. */
  readonly description: string;
}

/** Wide enough for a page, narrow enough to be read on a phone. */
export const width = 480;

/** The room inside of the axes. */
export interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A whole SVG document as text: no page is needed to make it. */
export function svgOf(
  { title, description }: Chart,
  height: number,
  parts: readonly string[],
  wide: number = width,
): string {
  const viewBox = `0 0 ${round(wide)} ${round(height)}`;
  const attributes = { xmlns: 'http://www.w3.org/2000/svg', viewBox, role: 'img' };
  return `${element(
    'svg',
    attributes,
    element('title', {}, escapeXml(title)),
    element('desc', {}, escapeXml(description)),
    element('style', {}, styles),
    element('rect', { class: 'paper', width: wide, height }),
    ...parts.map((part) => `\n${part}`),
    '\n',
  )}\n`;
}

/** About as wide as a text of 14 px is. */
const widthOf = (text: string): number => 7.6 * text.length;

/** A text as rows of whole words that fit between the margins. @param size  of the letters, beside the usual */
export function wrapped(text: string, size = 1): string[] {
  const rows = [''];
  for (const word of text.split(' ')) {
    const row = `${rows[rows.length - 1]} ${word}`.trimStart();
    if (widthOf(row) * size > width - 24 && rows[rows.length - 1] !== '') rows.push(word);
    else rows[rows.length - 1] = row;
  }
  return rows;
}

/** The title in as many rows as it needs, and the place below it. */
export function titleRows(title: string): { parts: string[]; bottom: number } {
  const rows = wrapped(title, 1.1);
  return {
    parts: rows.map((row, i) => label(12, 24 + 19 * i, row, { class: 'title' })),
    bottom: 12 + 19 * rows.length,
  };
}

/** Names of the series with a sample of each, in rows, from y downwards; one series alone needs none. */
export function legend(
  names: readonly string[],
  y: number,
  sample: (index: number, x: number, y: number) => string,
): { parts: string[]; bottom: number } {
  if (names.length < 2) return { parts: [], bottom: y };
  const parts: string[] = [];
  let [x, row] = [12, y + 16];
  names.forEach((name, index) => {
    const size = 34 + widthOf(name) + 14;
    if (x + size > width && x > 12) {
      x = 12;
      row += 20;
    }
    parts.push(sample(index, x, row - 5), label(x + 34, row, name));
    x += size;
  });
  return { parts, bottom: row + 6 };
}

/** The line that stands for a series in a legend. */
export const lineSample = (index: number, x: number, y: number): string =>
  element('path', { class: `line ${colour(index)}`, d: `M${x} ${y}H${x + 28}`, 'stroke-dasharray': dashOf(index) });

export const colour = (index: number): string => `c${index % seriesCount}`;
export const filling = (index: number): string => `f${index % seriesCount}`;
export const dashOf = (index: number): string | undefined => dashes[index % dashes.length] || undefined;

/** Both axes with grid, ticks and labels; the label of y stands above its axis, where it can be read. */
export function axes(plot: Plot, x: Axis, xs: Scale, y: Axis, ys: Scale): string[] {
  const { left, right, top, bottom } = plot;
  const parts: string[] = [];
  for (const { value, label: text } of ys.ticks) {
    const at = ys.at(value)!;
    parts.push(
      element('path', { class: 'grid', d: `M${left} ${at.toFixed(1)}H${right}` }),
      label(left - 7, at + 5, text, { class: 'soft', 'text-anchor': 'end' }),
    );
  }
  for (const { value, label: text } of xs.ticks) {
    const at = xs.at(value)!;
    parts.push(
      element('path', { class: 'grid', d: `M${at.toFixed(1)} ${top}V${bottom}` }),
      label(at, bottom + 19, text, { class: 'soft', 'text-anchor': 'middle' }),
    );
  }
  parts.push(
    element('path', { class: 'axis', d: `M${left} ${bottom}H${right}` }),
    label((left + right) / 2, bottom + 40, x.label, { 'text-anchor': 'middle' }),
    label(12, top - 12, y.label),
  );
  return parts;
}
