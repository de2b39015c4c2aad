import { shown } from '../checks.ts';
import { DataError, DeviceError } from '../errors.ts';
import { type Image, onWhite } from './image.ts';

/** Pixels as a page has them, such as ImageData: red, green, blue and alpha. */
export interface PixelData {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray | Uint8Array;
}

/** What a page can draw: an ImageBitmap, a canvas, an image or video element, a VideoFrame. */
export type Drawable =
  | { readonly width: number; readonly height: number }
  | { readonly videoWidth: number; readonly videoHeight: number }
  | { readonly displayWidth: number; readonly displayHeight: number };

/**
 * What a page shows, as an image in colour; transparent parts are put onto white. Works in workers, too.
 *
 * @param source  ImageData, or whatever can be drawn: ImageBitmap, canvas, OffscreenCanvas, image, video, VideoFrame
 * @throws DataError if there is nothing to see, such as a video before its first frame; DeviceError where there is no
 *   OffscreenCanvas and the source is not ImageData
 *
 * @example
 * const image = imageOf(video);
 * const [{ label }] = await classifier.predict([image]);
 */
export function imageOf(source: PixelData | Drawable): Image {
  const [width, height] = sizeOfSource(source);
  if (!(width > 0 && height > 0)) {
    throw new DataError(
      `imageOf: ${shown(source)} has no picture yet (${width} × ${height} pixels); wait until it is loaded or plays`,
      { width, height },
    );
  }
  if ('data' in source) {
    if (source.data.length !== 4 * width * height) {
      throw new DataError(
        `imageOf: pixels of ${width} × ${height} with red, green, blue and alpha have ${4 * width * height} bytes, received ${source.data.length}`,
        { width, height, received: source.data.length },
      );
    }
    return onWhite(source.data, width, height);
  }
  const context = typeof OffscreenCanvas === 'undefined' ? null : new OffscreenCanvas(width, height).getContext('2d');
  if (!context) {
    throw new DeviceError(
      'imageOf: there is no OffscreenCanvas here to draw on; give ImageData, or read files in Node',
    );
  }
  context.drawImage(source as CanvasImageSource, 0, 0, width, height);
  return onWhite(context.getImageData(0, 0, width, height).data, width, height);
}

/**
 * An image file that a page was given, decoded by the browser, the way up that the camera noted (EXIF).
 * @param file  a Blob or File of any format that the browser shows
 * @throws DataError if it cannot be decoded
 */
export async function openImage(file: object): Promise<Image> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file as Blob, { imageOrientation: 'from-image' });
  } catch (cause) {
    const { name = '', type = '' } = file as { name?: string; type?: string };
    const reason = 'the browser cannot decode it; it is damaged or no image';
    throw new DataError(`openImage: ${name || shown(file)}${type && ` (${type})`}: ${reason}`, {}, { cause });
  }
  try {
    return imageOf(bitmap);
  } finally {
    bitmap.close();
  }
}

function sizeOfSource(source: PixelData | Drawable): [number, number] {
  if ('videoWidth' in source) return [source.videoWidth, source.videoHeight];
  if ('displayWidth' in source) return [source.displayWidth, source.displayHeight];
  // An image element may be shown in another size than it has.
  const { naturalWidth, naturalHeight } = source as { naturalWidth?: number; naturalHeight?: number };
  return [naturalWidth ?? source.width, naturalHeight ?? source.height];
}
