import { type Chart, svgOf, titleRows, width, wrapped } from './frame.ts';
import { element, label } from './svg.ts';
import { sequential } from './theme.ts';

/** A frame of a video as an address, such as `data:image/png;base64,…`; its width and height in pixels. */
export interface FilmFrame {
  /** Its number, from 0. */
  readonly frame: number;
  readonly href: string;
  readonly width: number;
  readonly height: number;
}

export interface AttentionFilm extends Chart {
  /** Some of the frames, in their order: as many as there is room for are drawn. Default: none. */
  readonly images?: readonly FilmFrame[] | undefined;
  /** Number of the first frame that attention could look at. Default 0. */
  readonly first?: number | undefined;
  readonly words: readonly string[];
  /** For each word the weights of all frames. */
  readonly weights: readonly (readonly number[])[];
}

const row = 22;

/**
 * At which frames attention looked for each word (Yao 2015): frames of the film above, then a row for each word with a column for
 * each frame. The brightest column of a row has the greatest weight of its word.
 */
export function attentionFilm(chart: AttentionFilm): string {
  const { images = [], first = 0, words, weights } = chart;
  const title = titleRows(chart.title);
  const T = Math.max(1, ...weights.map(({ length }) => length));
  const left = 24 + Math.min(150, 8.5 * Math.max(1, ...words.map((word) => [...word].length)));
  const wide = width - left - 12;
  const parts = [...title.parts];
  const shown = images.filter(({ frame }) => frame >= first && frame < first + T);
  // Frames stand beside each other in their order, and a mark below each shows its column.
  const side = shown.length === 0 ? 0 : Math.min(96, wide / shown.length);
  const tall = Math.min(96, Math.max(0, ...shown.map((one) => (side * one.height) / Math.max(1, one.width))));
  const top = title.bottom + 8 + (shown.length > 0 ? tall + 18 : 0);
  const step = wide / Math.max(1, shown.length);
  for (const [i, { frame, href }] of shown.entries()) {
    const x = left + i * step;
    const y = title.bottom + 8;
    const column = left + ((frame - first + 0.5) * wide) / T;
    parts.push(
      element('image', { href, x, y, width: Math.max(1, side - 2), height: tall, preserveAspectRatio: 'none' }),
      element('line', {
        ...{ x1: x + side / 2, y1: y + tall, x2: column, y2: top - 2 },
        stroke: 'currentColor',
        'stroke-opacity': 0.4,
      }),
    );
  }
  for (const [t, word] of words.entries()) {
    const shares = weights[t] ?? [];
    const most = Math.max(...shares.filter(Number.isFinite), 0) || 1;
    const y = top + t * row;
    parts.push(label(left - 8, y + 15, word, { 'text-anchor': 'end' }));
    for (const [s, share] of shares.entries()) {
      if (!Number.isFinite(share)) continue;
      const x = left + (s * wide) / T;
      parts.push(
        element('rect', { x, y, width: wide / T + 0.3, height: row - 3, fill: sequential(Math.max(0, share) / most) }),
      );
    }
  }
  const bottom = top + words.length * row;
  const note = wrapped('across: frames; down: what was written; the brighter, the more it looked there');
  parts.push(
    label(left, bottom + 14, `frame ${first}`, { class: 'soft' }),
    label(left + wide, bottom + 14, String(first + T - 1), { class: 'soft', 'text-anchor': 'end' }),
    ...note.map((line, i) => label(12, bottom + 36 + 19 * i, line, { class: 'soft' })),
  );
  return svgOf(chart, bottom + 29 + 19 * note.length, parts);
}
