import { type Chart, svgOf, titleRows, width } from './frame.ts';
import { element, label } from './svg.ts';

export interface AttentionMaps extends Chart {
  /** The image as an address, such as `data:image/png;base64,…`; its width and height in pixels. */
  readonly image: { readonly href: string; readonly width: number; readonly height: number };
  /** Rows and columns of places, which lie over the whole image. */
  readonly grid: readonly [rows: number, columns: number];
  readonly words: readonly string[];
  /** For each word the weights of all places, row by row. */
  readonly weights: readonly (readonly number[])[];
}

/** Width of the image for one word. */
const side = 150;
const gap = 12;

/**
 * What attention looked at for each word, as in Xu 2015: the image once alone and once for each word, dark where it did not look.
 * The brightest place has the greatest weight of its word.
 */
export function attentionMaps(chart: AttentionMaps): string {
  const { image, grid, words, weights } = chart;
  const [rows, columns] = grid;
  const title = titleRows(chart.title);
  const tall = Math.max(1, (side * image.height) / image.width);
  const across = Math.max(1, Math.floor((width - gap) / (side + gap)));
  const cell = { width: side / columns, height: tall / rows };
  const blur = element('feGaussianBlur', { stdDeviation: Math.min(cell.width, cell.height) / 3 });
  const photo = { href: image.href, width: side, height: tall, preserveAspectRatio: 'none' };
  const filter = element('filter', { id: 'soften', x: '-10%', y: '-10%', width: '120%', height: '120%' }, blur);
  const parts = [...title.parts, element('defs', {}, element('image', { id: 'photo', ...photo }), filter)];
  const panel = (index: number, word: string, shares: readonly number[] | null): string[] => {
    const x = gap + (index % across) * (side + gap);
    const y = title.bottom + gap + Math.floor(index / across) * (tall + 34);
    const most = Math.max(...(shares ?? [1]));
    const shades = (shares ?? []).map((share, l) => {
      const place = { x: (l % columns) * cell.width, y: Math.floor(l / columns) * cell.height };
      const opacity = 0.8 * (1 - share / (most || 1));
      return element('rect', { ...place, width: cell.width + 0.3, height: cell.height + 0.3, fill: '#000', opacity });
    });
    // A window of its own cuts off what the blur puts outside of the image.
    const picture = element(
      'svg',
      { x, y, width: side, height: tall },
      element('use', { href: '#photo' }),
      element('g', { filter: 'url(#soften)' }, ...shades),
    );
    return [picture, label(x + side / 2, y + tall + 18, word, { 'text-anchor': 'middle' })];
  };
  parts.push(...panel(0, '', null));
  words.forEach((word, t) => {
    parts.push(...panel(t + 1, word, weights[t]));
  });
  const bottom = title.bottom + gap + Math.ceil((words.length + 1) / across) * (tall + 34);
  return svgOf(chart, bottom + 4, parts);
}
