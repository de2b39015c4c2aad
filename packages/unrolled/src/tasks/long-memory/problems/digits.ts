import { requireKind, whole } from '../../../checks.ts';
import type { IdxArray } from '../../../data/idx.ts';
import { DataError } from '../../../errors.ts';
import { Random } from '../../../random.ts';
import { countLastRight } from '../counts.ts';
import type { Problem, SequenceBatch } from '../problem.ts';

/** Digits as IDX files hold them: images `[N, height, width]` and labels `[N]`, both of bytes. */
export interface DigitSet {
  readonly images: IdxArray;
  readonly labels: IdxArray;
}

export interface DigitsOptions {
  /** Read a row of the image in a step, in place of a pixel. Default false. */
  readonly rows?: boolean;
  /** Put all pixels in an order that is random, but the same for all digits. Default false. */
  readonly permuted?: boolean;
  /** Of that order. Default 1. */
  readonly permutationSeed?: number;
  /** A training digit is moved each way by up to so many pixels, by another draw each time it is read. Default 0. */
  readonly shift?: number;
}

const heldOutBatch = 100;

/**
 * Sequential digits (Le, Jaitly & Hinton 2015): an image is read pixel by pixel, row after row or in a permuted order, and
 * its class is answered after the last one. The last tenth of the training digits is held out to follow the training.
 *
 * @throws DataError if images and labels do not belong together, or are no digits; ConfigError on a shift that leaves nothing
 */
export function digitsProblem(train: DigitSet, test: DigitSet, options: DigitsOptions = {}): Problem {
  const { rows = false, permuted = false, permutationSeed = 1, shift = 0 } = options;
  checkDigits('training', train);
  checkDigits('test', test);
  const [count, height, width] = train.images.shape;
  if (test.images.shape[1] !== height || test.images.shape[2] !== width) {
    throw new DataError(
      `digits: training images have ${height}×${width} pixels, test images ${test.images.shape.slice(1).join('×')}; give files of one size`,
    );
  }
  // In pixels: below those of an image.
  requireKind('digits', 'shift', shift, whole({ from: 0, below: Math.min(height, width) }));
  if (count < 10) throw new DataError(`digits: ${count} training images are too few; give at least 10`, { count });
  const pixels = height * width;
  const order = permuted ? new Random(permutationSeed).permutation(pixels) : null;
  const features = rows ? width : 1;
  const examples = count - Math.floor(count / 10);
  const grey = standardGreys(train.images.data.subarray(0, examples * pixels) as Uint8Array);
  const pick = (set: DigitSet, indices: ArrayLike<number>, moves: Moves = unmoved): SequenceBatch =>
    digitBatch(set, indices, moves, { grey, order, features });
  return {
    features,
    outputs: 10,
    answers: 'class',
    metric: { name: 'share of digits right', better: 'higher', chance: 0.1, bar: 0.97 },
    count: countLastRight,
    training: { examples, pick: (indices, random) => pick(train, indices, () => random.below(2 * shift + 1) - shift) },
    *heldOut(_random, part) {
      const [set, from, to] = part === 'test' ? [test, 0, test.labels.data.length] : [train, examples, count];
      for (let start = from; start < to; start += heldOutBatch) {
        const length = Math.min(heldOutBatch, to - start);
        yield pick(
          set,
          Int32Array.from({ length }, (_, i) => start + i),
        );
      }
    },
  };
}

/** What each byte becomes, so that all training pixels have mean 0 and variance 1: a stroke must stand out from 784 steps. */
function standardGreys(pixels: Uint8Array): Float32Array {
  let [sum, squares] = [0, 0];
  for (const byte of pixels) {
    sum += byte;
    squares += byte * byte;
  }
  const mean = sum / pixels.length;
  const deviation = Math.sqrt(squares / pixels.length - mean * mean);
  return Float32Array.from({ length: 256 }, (_, byte) => (deviation > 0 ? (byte - mean) / deviation : 0));
}

/** By how many pixels the next image is moved along its next axis. */
type Moves = () => number;

const unmoved: Moves = () => 0;

interface Reading {
  /** By byte. */
  readonly grey: Float32Array;
  readonly order: Int32Array | null;
  readonly features: number;
}

/** Pixels `[T, B, F]`, and one answer at the end. */
function digitBatch(
  { images, labels }: DigitSet,
  indices: ArrayLike<number>,
  moves: Moves,
  { grey, order, features }: Reading,
): SequenceBatch {
  const B = indices.length;
  const [, height, width] = images.shape;
  const pixels = height * width;
  const inputs = new Float32Array(pixels * B);
  const targets = new Int32Array(B);
  for (let b = 0; b < B; b++) {
    targets[b] = labels.data[indices[b]];
    const [down, right] = [moves(), moves()];
    for (let i = 0; i < pixels; i++) {
      const t = Math.floor(i / features);
      const pixel = order ? order[i] : i;
      const y = Math.floor(pixel / width) - down;
      const x = (pixel % width) - right;
      const inside = y >= 0 && y < height && x >= 0 && x < width;
      inputs[(t * B + b) * features + (i % features)] =
        grey[inside ? images.data[(indices[b] * height + y) * width + x] : 0];
    }
  }
  return { steps: pixels / features, batch: B, inputs, lengths: null, answered: 1, targets };
}

function checkDigits(which: string, { images, labels }: DigitSet): void {
  const bytes = images.data instanceof Uint8Array && labels.data instanceof Uint8Array;
  if (images.shape.length !== 3 || labels.shape.length !== 1 || !bytes) {
    throw new DataError(
      `digits: ${which} images must be bytes [N, height, width] and labels bytes [N], received [${images.shape}] and [${labels.shape}]`,
    );
  }
  if (images.shape[0] !== labels.shape[0]) {
    throw new DataError(
      `digits: there are ${images.shape[0]} ${which} images, but ${labels.shape[0]} labels; give the two files of one set`,
    );
  }
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong >= 0) throw new DataError(`digits: ${which} label ${labels.data[wrong]} at ${wrong} is not a digit`);
}
