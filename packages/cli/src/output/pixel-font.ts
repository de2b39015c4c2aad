import type { Image } from 'unrolled/images';

/** Pixels of a glyph, and of the space behind it. */
const [glyphWidth, glyphHeight, space] = [5, 7, 1];

/** Seven rows of five pixels for each glyph, a row as one digit of base 32 whose bits are its pixels, the leftmost the highest. */
const glyphs: Readonly<Record<string, string>> = {
  a: '00e1fhf',
  b: 'gguhhhu',
  c: '00fgggf',
  d: '11fhhhf',
  e: '00ehvgf',
  f: '68u8888',
  g: '00fhf1e',
  h: 'gguhhhh',
  i: '40c444e',
  j: '20622ic',
  k: 'gikokih',
  l: 'c44444e',
  m: '00qllll',
  n: '00uhhhh',
  o: '00ehhhe',
  p: '00uhugg',
  q: '00fhf11',
  r: '00mpggg',
  s: '00fge1u',
  t: '88u8896',
  u: '00hhhhf',
  v: '00hhha4',
  w: '00hllla',
  x: '00ha4ah',
  y: '00hhf1e',
  z: '00v248v',
  '0': 'ehjlphe',
  '1': '4c4444e',
  '2': 'eh168gv',
  '3': 'u11e11u',
  '4': '26aiv22',
  '5': 'vgu11he',
  '6': 'eguhhhe',
  '7': 'v122444',
  '8': 'ehhehhe',
  '9': 'ehhf11e',
  "'": '4480000',
  '-': '000v000',
  '.': '00000cc',
  ',': '0000c48',
  '/': '11248gg',
  '⏎': '1159v84',
  '…': '000000l',
};

/** A frame, for what has no glyph. */
const unknown = 'vhhhhhv';

export const textHeight = (scale: number): number => glyphHeight * scale;

/** The width of a text in pixels. */
export const textWidth = (text: string, scale: number): number =>
  Math.max(0, Array.from(text).length * (glyphWidth + space) - space) * scale;

/**
 * Writes a text into an image in letters of 5 × 7 pixels, lower case; what lies outside is cut off.
 * @param at  left upper corner
 */
export function drawText(
  { width, height, channels, data }: Image,
  text: string,
  at: { readonly x: number; readonly y: number },
  { scale, shade }: { readonly scale: number; readonly shade: number },
): void {
  Array.from(text.toLowerCase()).forEach((letter, i) => {
    if (letter === ' ') return;
    const rows = glyphs[letter] ?? unknown;
    for (let row = 0; row < glyphHeight * scale; row++) {
      const bits = Number.parseInt(rows[Math.floor(row / scale)], 32);
      for (let column = 0; column < glyphWidth * scale; column++) {
        if (((bits >> (glyphWidth - 1 - Math.floor(column / scale))) & 1) === 0) continue;
        const [x, y] = [at.x + i * (glyphWidth + space) * scale + column, at.y + row];
        if (x < 0 || y < 0 || x >= width || y >= height) continue;
        data.fill(shade, (y * width + x) * channels, (y * width + x + 1) * channels);
      }
    }
  });
}
