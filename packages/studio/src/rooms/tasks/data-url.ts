import { type Image, withChannels } from 'unrolled/images';

/** An image as an address that a picture can hold. @param type  'image/png' keeps every pixel. Default 'image/png' */
export function dataUrl(image: Image, type: 'image/png' | 'image/jpeg' = 'image/png'): string {
  const canvas = document.createElement('canvas');
  drawOn(canvas, image);
  return canvas.toDataURL(type, 0.9);
}

/** Makes a canvas as large as an image, and draws it. */
export function drawOn(canvas: HTMLCanvasElement, image: Image): void {
  const { width, height } = image;
  [canvas.width, canvas.height] = [width, height];
  const { data } = withChannels(image, 3);
  const pixels = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = data[3 * i + c];
    pixels.data[4 * i + 3] = 255;
  }
  canvas.getContext('2d')!.putImageData(pixels, 0, 0);
}
