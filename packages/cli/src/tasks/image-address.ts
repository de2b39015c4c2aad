import { type Image, resizeImage } from 'unrolled/images';
import { encodePng } from '../output/png.ts';

/** Longest side of the image in a picture. */
const longest = 320;

/** The image, made smaller, as a part of a page. */
export function imageAddress(image: Image): string {
  const scale = Math.min(1, longest / Math.max(image.width, image.height));
  const size = [image.height, image.width].map((side) => Math.max(1, Math.round(side * scale)));
  const png = encodePng(scale < 1 ? resizeImage(image, [size[0], size[1]]) : image);
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}
