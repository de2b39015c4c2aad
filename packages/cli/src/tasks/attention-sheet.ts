import { type Image, resizeImage, withChannels } from 'unrolled/images';
import { drawText, textHeight, textWidth } from '../output/pixel-font.ts';

/** The weights of all places of an image, row by row, for each of several words. */
export interface PlacesAttended {
  readonly grid: readonly [rows: number, columns: number];
  readonly words: readonly string[];
  readonly weights: readonly (readonly number[])[];
}

/** Pixels: longest side of a tile, space between tiles, and of a letter's pixel. */
const [longest, gap, scale] = [160, 10, 2];
/** Tiles in a row. */
const across = 4;
/** What is left of the light where attention did not look at all. */
const dark = 0.2;

/**
 * What attention looked at for each word: the image alone, then once for each word, dark where it did not look. The brightest place
 * has the greatest weight of its word.
 */
export function attentionSheet(image: Image, { grid, words, weights }: PlacesAttended): Image {
  const factor = longest / Math.max(image.width, image.height);
  const [height, width] = [image.height, image.width].map((side) => Math.max(1, Math.round(side * factor)));
  const photo = withChannels(resizeImage(image, [height, width]), 3);
  const line = textHeight(scale) + gap;
  const columns = Math.min(across, words.length + 1);
  const rows = Math.ceil((words.length + 1) / columns);
  const sheet = {
    width: gap + columns * (longest + gap),
    height: gap + rows * (height + line + gap),
    channels: 3 as const,
  };
  const picture: Image = { ...sheet, data: new Uint8Array(sheet.width * sheet.height * 3).fill(255) };
  [null, ...weights].forEach((shares, tile) => {
    const left = gap + (tile % columns) * (longest + gap) + ((longest - width) >> 1);
    const top = gap + Math.floor(tile / columns) * (height + line + gap);
    const light = shares && lightOf(shares, grid);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const shade = light ? light((y + 0.5) / height, (x + 0.5) / width) : 1;
        for (let c = 0; c < 3; c++) {
          const value = photo.data[(y * width + x) * 3 + c] * shade;
          picture.data[((top + y) * sheet.width + left + x) * 3 + c] = Math.round(value);
        }
      }
    }
    const word = shortened(tile === 0 ? '' : words[tile - 1]);
    const x = left + Math.round((width - textWidth(word, scale)) / 2);
    drawText(picture, word, { x, y: top + height + (gap >> 1) }, { scale, shade: 20 });
  });
  return picture;
}

/** A word that fits below a tile. */
function shortened(word: string): string {
  const letters = Array.from(word);
  while (textWidth(letters.join(''), scale) > longest) letters.splice(-2, 2, '…');
  return letters.join('');
}

/** The light at a point of the image, both coordinates from 0 to 1: between the middles of places in a straight line. */
function lightOf(
  shares: readonly number[],
  [rows, columns]: readonly [number, number],
): (y: number, x: number) => number {
  const most = Math.max(...shares) || 1;
  const between = (point: number, extent: number): [low: number, high: number, share: number] => {
    const place = Math.min(extent - 1, Math.max(0, point * extent - 0.5));
    return [Math.floor(place), Math.ceil(place), place - Math.floor(place)];
  };
  return (y, x) => {
    const [top, bottom, down] = between(y, rows);
    const [left, right, along] = between(x, columns);
    const row = (r: number): number => (1 - along) * shares[r * columns + left] + along * shares[r * columns + right];
    return dark + ((1 - dark) * ((1 - down) * row(top) + down * row(bottom))) / most;
  };
}
