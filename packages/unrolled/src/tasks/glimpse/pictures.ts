import { type Box, type Image, imageSheet, prepareImage } from '../../images/index.ts';
import type { ImageReading } from './reading.ts';

const first = [70, 170, 255] as const;
const last = [255, 120, 60] as const;

/** The outlines of a glimpse's patches at a place. */
export function glimpseBoxes(
  { patch, scales }: { readonly patch: number; readonly scales: number },
  { y, x }: { readonly y: number; readonly x: number },
  colour: Box['colour'] = last,
): Box[] {
  return Array.from({ length: scales }, (_, s) => {
    const half = (patch * 2 ** s) / 2;
    return { top: y + 0.5 - half, left: x + 0.5 - half, bottom: y + 0.5 + half, right: x + 0.5 + half, colour };
  });
}

/** An image as the model reads it, with the patches of one glimpse after the other; at last with the finest patch of each. */
export function glimpsePictures(image: Image, { path, patch, scales, height, width }: ImageReading): Image[] {
  const seen = prepareImage(image, { size: [height, width], mean: [0], std: [1] });
  const colourAt = (t: number): Box['colour'] => {
    const share = path.length < 2 ? 1 : t / (path.length - 1);
    const mixed = first.map((from, c) => Math.round(from + share * (last[c] - from)));
    return [mixed[0], mixed[1], mixed[2]];
  };
  const factor = Math.max(1, Math.floor(168 / seen.width));
  const sheet = (boxes: readonly Box[]): Image => imageSheet([{ image: seen, boxes }], { factor });
  const whole = sheet(path.flatMap((place, t) => glimpseBoxes({ patch, scales: 1 }, place, colourAt(t))));
  return [...path.map((place, t) => sheet(glimpseBoxes({ patch, scales }, place, colourAt(t)))), whole];
}
