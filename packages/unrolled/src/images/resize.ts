import { type Image, type ImagePart, requireImage, withChannels } from './image.ts';
import { inputChannels, inputSize, type Preprocessing } from './preprocessing.ts';

/**
 * Resizes an image with a triangle filter that widens as the image shrinks, so that nothing is skipped (antialiasing):
 * bit for bit what Pillow's `resize(…, BILINEAR)` and torchvision's `Resize` give.
 * @param size  [height, width]
 * @param part  the part of the result to compute. Default: all
 */
export function resizeImage(
  image: Image,
  [height, width]: readonly [number, number],
  part: ImagePart = { top: 0, left: 0, height, width },
): Image {
  requireImage('resizeImage', image);
  const rows = taps(image.height, height, part.top, part.height);
  const columns = taps(image.width, width, part.left, part.width);
  return vertical(horizontal(image, columns, rows), rows);
}

/** An image as the network takes it, still in bytes: resized, its centre cut out, in grey or colour. */
export function prepareImage(image: Image, preprocessing: Preprocessing): Image {
  requireImage('prepareImage', image);
  const channels = inputChannels(preprocessing);
  const { height, width } = image;
  const [h, w] = inputSize(preprocessing);
  const resized = coveringSize(height, width, preprocessing);
  const [top, left] = [centred(resized[0] - h), centred(resized[1] - w)];
  // The fewer channels are resized.
  const from = channels < image.channels ? withChannels(image, channels) : image;
  const same = height === h && width === w && resized[0] === h && resized[1] === w;
  return withChannels(same ? from : resizeImage(from, resized, { top, left, height: h, width: w }), channels);
}

/** The size that an image is resized to before it is cropped. */
function coveringSize(height: number, width: number, preprocessing: Preprocessing): readonly [number, number] {
  const { resize, crop } = preprocessing;
  const [h, w] = inputSize(preprocessing);
  if (crop === 'none') return [h, w];
  const byShorter: [number, number] | null =
    resize === undefined
      ? null
      : height <= width
        ? [resize, Math.floor((resize * width) / height)]
        : [Math.floor((resize * height) / width), resize];
  if (byShorter && byShorter[0] >= h && byShorter[1] >= w) return byShorter;
  return h * width >= w * height ? [h, Math.floor((h * width) / height)] : [Math.floor((w * height) / width), w];
}

/** Half of a length, halves rounded to the even number as torchvision's CenterCrop rounds them. */
function centred(length: number): number {
  const half = length >> 1;
  return length % 2 === 1 && half % 2 === 1 ? half + 1 : half;
}

/** For each result: where its inputs begin, and their weights, whole numbers that add up to 2²². */
interface Taps {
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  readonly weights: Int32Array;
  /** Weights reserved for each result. */
  readonly most: number;
  /** Whether each result is the input of its own index. */
  readonly identity: boolean;
}

const bits = 22;

function taps(from: number, to: number, first: number, count: number): Taps {
  const scale = from / to;
  const support = Math.max(scale, 1);
  const most = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const weights = new Int32Array(count * most);
  const raw = new Float64Array(most);
  for (let i = 0; i < count; i++) {
    const centre = (first + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(from, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let x = start; x < end; x++) {
      raw[x - start] = Math.max(0, 1 - Math.abs((x - centre + 0.5) / support));
      sum += raw[x - start];
    }
    starts[i] = start;
    counts[i] = end - start;
    for (let x = 0; x < end - start; x++) weights[i * most + x] = Math.floor((raw[x] / sum) * 2 ** bits + 0.5);
  }
  return { starts, counts, weights, most, identity: from === to && first === 0 && count === to };
}

/** Of the rows that `rows` needs; those before are left out, so that row 0 of the result is the first needed. */
function horizontal(image: Image, columns: Taps, rows: Taps): Image {
  const { channels, width, data: from } = image;
  const first = rows.starts[0];
  const last = rows.starts.length - 1;
  const height = rows.starts[last] + rows.counts[last] - first;
  if (columns.identity) {
    const stride = width * channels;
    return { width, height, channels, data: from.subarray(first * stride, (first + height) * stride) };
  }
  const { starts, counts, weights, most } = columns;
  const out = starts.length;
  const data = new Uint8Array(height * out * channels);
  let at = 0;
  for (let y = first; y < first + height; y++) {
    for (let x = 0; x < out; x++) {
      let p = (y * width + starts[x]) * channels;
      const [begin, end] = [x * most, x * most + counts[x]];
      if (channels === 3) {
        let [r, g, b] = [half, half, half];
        for (let k = begin; k < end; k++, p += 3) {
          const weight = weights[k];
          r += weight * from[p];
          g += weight * from[p + 1];
          b += weight * from[p + 2];
        }
        data[at++] = r >> bits;
        data[at++] = g >> bits;
        data[at++] = b >> bits;
      } else {
        let sum = half;
        for (let k = begin; k < end; k++) sum += weights[k] * from[p++];
        data[at++] = sum >> bits;
      }
    }
  }
  return { width: out, height, channels, data };
}

const half = 1 << (bits - 1);

function vertical(image: Image, rows: Taps): Image {
  const { channels, width, data: from } = image;
  const stride = width * channels;
  const { starts, counts, weights, most, identity } = rows;
  const height = starts.length;
  if (identity) return { width, height, channels, data: from.slice() };
  const data = new Uint8Array(height * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(half);
    for (let k = 0; k < counts[y]; k++) {
      const weight = weights[y * most + k];
      const row = (starts[y] - starts[0] + k) * stride;
      for (let x = 0; x < stride; x++) sums[x] += weight * from[row + x];
    }
    for (let x = 0, at = y * stride; x < stride; x++) data[at++] = sums[x] >> bits;
  }
  return { width, height, channels, data };
}
