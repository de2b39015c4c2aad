import { type Image, withChannels } from './image.ts';

const blocks = [' ', '▄', '▀', '█'] as const;

/**
 * Images next to each other in characters, for a terminal: each character is two pixels, one above the other, white from
 * half the brightness.
 */
export function inText(images: readonly Image[]): string {
  const rows = Math.max(...images.map(({ height }) => Math.ceil(height / 2)));
  const lines = Array.from({ length: rows }, (_, row) =>
    images.map((image) => lineOf(withChannels(image, 1), row)).join(' '),
  );
  return lines.map((line) => line.trimEnd()).join('\n');
}

function lineOf({ width, height, data }: Image, row: number): string {
  const white = (x: number, y: number): number => Number(y < height && data[y * width + x] >= 128);
  return Array.from({ length: width }, (_, x) => blocks[2 * white(x, 2 * row) + white(x, 2 * row + 1)]).join('');
}
