import { type Image, imageSheet, type Marked } from '../../images/index.ts';
import { type Drawing, drawnImage } from './drawing.ts';

const red = [230, 60, 50] as const;

/** So many pixels for one of a small drawing. */
const factorOf = ([{ width }]: readonly Drawing[]): number => Math.max(1, Math.floor(84 / width));

/** The canvas after step t, with a rectangle where it was written. */
function marked(drawing: Drawing, t: number): Marked {
  const { focus } = drawing.steps[t];
  const image = drawnImage(drawing, t);
  if (!focus) return { image };
  // A filter reaches about a deviation beyond its centre.
  const half = focus.extent / 2 + focus.deviation;
  const [top, left] = [focus.y + 0.5 - half, focus.x + 0.5 - half];
  return { image, boxes: [{ top, left, bottom: top + 2 * half, right: left + 2 * half, colour: red }] };
}

/**
 * Drawings side by side as the frames of an animation: one a step, in which a rectangle shows where each was written, and at
 * last the drawings alone.
 */
export function drawingFrames(drawings: readonly Drawing[]): Image[] {
  const factor = factorOf(drawings);
  const frame = (items: readonly Marked[]): Image => imageSheet(items, { factor });
  return [
    ...drawings[0].steps.map((_, t) => frame(drawings.map((one) => marked(one, t)))),
    frame(drawings.map((one) => ({ image: drawnImage(one) }))),
  ];
}

/** Drawings below each other, a column for each step. */
export const drawingSheet = (drawings: readonly Drawing[]): Image =>
  imageSheet(
    drawings.flatMap((one) => one.steps.map((_, t) => marked(one, t))),
    { columns: drawings[0].steps.length, factor: Math.max(1, Math.floor(factorOf(drawings) / 2)), gap: 2 },
  );
