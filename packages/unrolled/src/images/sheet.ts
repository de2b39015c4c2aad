import { type Image, withChannels } from './image.ts';

export interface SheetOptions {
  /** Images in a row. Default: as many as make the sheet about square. */
  readonly columns?: number | undefined;
  /** Pixels of the sheet for one of an image. Default 1. */
  readonly factor?: number | undefined;
  /** Pixels between images. Default 2. */
  readonly gap?: number | undefined;
}

/** A rectangle to be drawn over an image; in pixels of the image, and may reach beyond it. */
export interface Box {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
  /** Red, green and blue. */
  readonly colour: readonly [number, number, number];
}

/** An image of a sheet, with rectangles over it. */
export interface Marked {
  readonly image: Image;
  readonly boxes?: readonly Box[] | undefined;
}

/** Images in rows and columns as one, in colour; each place is as large as the largest image. */
export function imageSheet(items: readonly Marked[], options: SheetOptions = {}): Image {
  const { columns = Math.ceil(Math.sqrt(items.length)), factor = 1, gap = 2 } = options;
  const across = Math.max(1, Math.min(columns, items.length));
  const cell = (length: (image: Image) => number): number =>
    factor * Math.max(1, ...items.map(({ image }) => length(image)));
  const [w, h] = [cell((image) => image.width), cell((image) => image.height)];
  const rows = Math.max(1, Math.ceil(items.length / across));
  const [width, height] = [across * (w + gap) + gap, rows * (h + gap) + gap];
  const sheet: Image = { width, height, channels: 3, data: new Uint8Array(3 * width * height).fill(64) };
  for (const [i, item] of items.entries()) {
    const [left, top] = [gap + (i % across) * (w + gap), gap + Math.floor(i / across) * (h + gap)];
    paste(sheet, item.image, factor, left, top);
    for (const box of item.boxes ?? []) outline(sheet, item.image, box, factor, left, top);
  }
  return sheet;
}

function paste(sheet: Image, image: Image, factor: number, left: number, top: number): void {
  const { data } = withChannels(image, 3);
  for (let y = 0; y < image.height * factor; y++) {
    for (let x = 0; x < image.width * factor; x++) {
      const from = 3 * (Math.floor(y / factor) * image.width + Math.floor(x / factor));
      sheet.data.set(data.subarray(from, from + 3), 3 * ((top + y) * sheet.width + left + x));
    }
  }
}

function outline(sheet: Image, image: Image, box: Box, factor: number, left: number, top: number): void {
  const clip = (value: number, most: number): number => Math.max(0, Math.min(most - 1, Math.round(value)));
  const [x0, x1] = [box.left * factor, box.right * factor - 1].map((x) => clip(x, image.width * factor));
  const [y0, y1] = [box.top * factor, box.bottom * factor - 1].map((y) => clip(y, image.height * factor));
  const put = (x: number, y: number): void => sheet.data.set(box.colour, 3 * ((top + y) * sheet.width + left + x));
  for (let x = x0; x <= x1; x++) for (const y of [y0, y1]) put(x, y);
  for (let y = y0; y <= y1; y++) for (const x of [x0, x1]) put(x, y);
}
