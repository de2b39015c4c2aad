import { FormatError } from '../errors.ts';
import type { Image } from './image.ts';

const side = 32;
const plane = side * side;

/**
 * Reads a file of CIFAR-10's or CIFAR-100's binary version (Krizhevsky 2009): for each image its label (CIFAR-100: the coarse
 * one before the fine one), and 1,024 bytes each of red, green and blue.
 *
 * @param kind  10 or 100; the labels of 100 are the fine ones
 * @throws FormatError if the file is cut off, or a label is not among them
 */
export function decodeCifar(
  file: Uint8Array,
  kind: 10 | 100,
): { readonly images: Image[]; readonly labels: Uint8Array } {
  const head = kind === 10 ? 1 : 2;
  const record = head + 3 * plane;
  const count = Math.floor(file.length / record);
  if (count === 0 || file.length % record !== 0) {
    throw new FormatError(
      `cifar: a file of CIFAR-${kind} has ${record} bytes an image, this one has ${file.length} bytes; it was cut off or is none`,
      { record, received: file.length },
    );
  }
  const labels = Uint8Array.from({ length: count }, (_, i) => file[i * record + head - 1]);
  const wrong = labels.findIndex((label) => label >= kind);
  if (wrong >= 0) {
    throw new FormatError(`cifar: image ${wrong} has label ${labels[wrong]}, CIFAR-${kind} has 0 to ${kind - 1}`, {
      image: wrong,
      label: labels[wrong],
    });
  }
  const images = Array.from({ length: count }, (_, i): Image => {
    const planes = file.subarray(i * record + head, (i + 1) * record);
    const data = new Uint8Array(3 * plane);
    for (let p = 0; p < plane; p++) {
      for (let c = 0; c < 3; c++) data[3 * p + c] = planes[c * plane + p];
    }
    return { width: side, height: side, channels: 3, data };
  });
  return { images, labels };
}
