import { sequential } from 'unrolled/charts';
import type { Alignment } from 'unrolled/tasks/translate';
import { showToken } from '../../format.ts';
import { mix } from '../../pictures/colours.ts';
import type { Mark, Scene } from '../../pictures/scene.ts';
import type { Palette } from '../../theme.svelte.ts';

interface Grid {
  readonly left: number;
  readonly top: number;
  readonly size: number;
}

const visible = (token: string): string => [...token].map(showToken).join('');
const widest = (tokens: readonly string[]): number => Math.max(1, ...tokens.map((token) => [...token].length));

/** Where the squares stand: as large as there is room for. */
function gridOf({ source, target }: Alignment, width: number): Grid {
  const left = 16 + Math.min(150, 8 * widest(target));
  const size = Math.max(5, Math.min(30, (width - left - 8) / source.length));
  return { left, top: 44 + Math.min(110, 7 * widest(source)), size };
}

/** Which tokens a point of the picture is of; null outside. */
export function squareAt(
  alignment: Alignment,
  width: number,
  x: number,
  y: number,
): { readonly s: number; readonly t: number } | null {
  const { left, top, size } = gridOf(alignment, width);
  const [s, t] = [Math.floor((x - left) / size), Math.floor((y - top) / size)];
  return s < 0 || t < 0 || s >= alignment.source.length || t >= alignment.target.length ? null : { s, t };
}

/** Attention: across the source, down what was written. */
export function alignmentScene(alignment: Alignment, width: number, palette: Palette): Scene {
  const { source, target, weights } = alignment;
  const { left, top, size } = gridOf(alignment, width);
  const marks: Mark[] = [];
  for (let i = 0; i < 40; i++)
    marks.push({ kind: 'rect', x: left + 3 * i, y: 4, w: 3.4, h: 10, fill: sequential(i / 39) });
  const text = { kind: 'text', size: 12, fill: palette.soft } as const;
  marks.push({ ...text, x: left - 5, y: 13, text: '0', align: 'end' }, { ...text, x: left + 125, y: 13, text: '1' });
  weights.forEach((row, t) => {
    row.forEach((weight, s) => {
      const place = { x: left + s * size, y: top + t * size, w: size + 0.3, h: size + 0.3 };
      marks.push({ kind: 'rect', ...place, fill: sequential(weight) });
    });
  });
  // As many names as there is room for; long ones go down in steps, so that they pass each other.
  const word = { kind: 'text', fill: palette.ink, mono: true } as const;
  const letters = Math.min(13, Math.max(9, size - 3));
  const wide = widest(source) * letters * 0.62 > size;
  const steps = wide ? Math.ceil((widest(source) * letters * 0.62) / size) : 1;
  const rows = Math.max(1, Math.min(steps, Math.floor((top - 24) / (letters + 2))));
  source.forEach((token, s) => {
    const y = top - 6 - (rows - 1 - (s % rows)) * (letters + 2);
    marks.push({ ...word, x: left + s * size + size / 2, y, text: visible(token), size: letters, align: 'middle' });
  });
  const every = Math.max(1, Math.ceil(11 / size));
  target.forEach((token, t) => {
    if (t % every !== 0) return;
    const y = top + (t + 0.5) * size + letters / 3;
    marks.push({ ...word, x: left - 6, y, text: visible(token), size: letters, align: 'end' });
  });
  return { width, height: top + target.length * size + 8, marks };
}

/** The weights of one head, small: a square as wide as there is room. */
export function headScene(rows: readonly (readonly number[])[], width: number): Scene {
  const size = width / Math.max(1, rows.length);
  const marks = rows.flatMap((row, t) =>
    row.slice(0, t + 1).map((weight, s): Mark => {
      return { kind: 'rect', x: s * size, y: t * size, w: size + 0.3, h: size + 0.3, fill: sequential(weight) };
    }),
  );
  return { width, height: width, marks };
}

/** For a label (orange) or against it (blue); ink can be read on both. */
export function weightColour(weight: number, most: number, palette: Palette): string {
  const share = most === 0 ? 0 : Math.abs(weight) / most;
  return mix(palette.paper, weight < 0 ? palette.below : palette.above, 0.5 * share);
}

/** Of a kind of span, always the same. */
export function typeColour(type: string, types: readonly string[], { series }: Palette): string {
  return series[Math.max(0, types.indexOf(type)) % series.length];
}

export interface Marked {
  readonly text: string;
  readonly fill?: string;
  readonly foot?: string;
  readonly note?: string;
}

/** A text in lines, its pieces coloured, underlined, or with a note below. */
export function markedScene(pieces: readonly Marked[], palette: Palette, columns = 72): Scene {
  const [w, h, margin] = [9, 40, 16];
  const marks: Mark[] = [];
  let [x, y] = [0, 0];
  for (const { text, fill, foot, note } of pieces) {
    const shown = [...text.replaceAll('\n', ' ')].map(showToken).join('').replaceAll('␣', ' ');
    const length = [...shown].length;
    if (x > 0 && x + Math.max(length, note?.length ?? 0) > columns) [x, y] = [0, y + 1];
    const [left, top] = [margin + x * w, margin + y * h];
    if (fill) marks.push({ kind: 'rect', x: left, y: top, w: length * w, h: 20, fill });
    if (foot) marks.push({ kind: 'rect', x: left, y: top + 20, w: length * w, h: 3, fill: foot });
    marks.push({ kind: 'text', x: left, y: top + 15, text: shown, size: 15, fill: palette.ink, mono: true });
    if (note) marks.push({ kind: 'text', x: left, y: top + 34, text: note, size: 10, fill: palette.soft });
    x += Math.max(length, Math.ceil(0.75 * (note?.length ?? 0)));
  }
  return { width: 2 * margin + columns * w, height: 2 * margin + (y + 1) * h, marks };
}

/** Segments of a video along its frames, with their labels below. */
export function timelineScene(
  segments: readonly { readonly label: string; readonly start: number; readonly end: number; readonly score: number }[],
  frames: number,
  width: number,
  palette: Palette,
): Scene {
  const types = [...new Set(segments.map(({ label }) => label))].sort();
  const text = { kind: 'text', size: 13, fill: palette.ink } as const;
  const bars = segments.map(({ label, start, end }): Mark => {
    const x = (width * start) / frames;
    return {
      kind: 'rect',
      x,
      y: 8,
      w: (width * (end - start)) / frames,
      h: 34,
      fill: typeColour(label, types, palette),
    };
  });
  const rows = segments.flatMap(({ label, start, end, score }, i): Mark[] => [
    { kind: 'rect', x: 0, y: 56 + 22 * i, w: 12, h: 12, fill: typeColour(label, types, palette), round: 3 },
    { ...text, x: 20, y: 67 + 22 * i, text: `${label}, frames ${start} to ${end - 1}, ${(100 * score).toFixed(0)} %` },
  ]);
  return { width, height: 62 + 22 * segments.length, marks: [...bars, ...rows] };
}
