import { anything, count, type Kinds, number, oneOf, requireOptions, seed as seedKind, whole } from '../../checks.ts';
import { ShapeError } from '../../errors.ts';
import { add, mul, neg, sum } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import { formatShape } from '../../shape.ts';
import { type StopSignal, throwIfAborted } from '../../signal.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type ChannelMap, type ImageTarget, type InspectedNetwork, scoresOf } from './network.ts';
import { blur, coarsen, Picture, roll, squaredNorm, totalVariation, unitOfRange, type ValueRange } from './picture.ts';

export interface AscentOptions extends ValueRange {
  /** `[H, W, C]`, the size of the image; may be left out with `start`. */
  readonly shape?: readonly [height: number, width: number, channels: number] | undefined;
  /** Where it begins, `[H, W, C]`. Default: noise of deviation 0.05 u around 0. */
  readonly start?: Tensor | undefined;
  /** Default 256. */
  readonly steps?: number | undefined;
  /** Of Adam, in u. Default 0.02. */
  readonly learningRate?: number | undefined;
  /** λ of −λ‖I/u‖². Default 1e-3; networks with large scores, such as SqueezeNet, need more. */
  readonly decay?: number | undefined;
  /** τ of −τ·TV(I/u), the total variation. Default 1e-3. */
  readonly variation?: number | undefined;
  /** The image is shifted by up to so many pixels in each step, so that no grid can grow. Default 8. */
  readonly jitter?: number | undefined;
  /** Blurs the image every so many steps; 0: never. Default 0. */
  readonly blurEvery?: number | undefined;
  /** σ of the blur in pixels. Default 0.5. */
  readonly blur?: number | undefined;
  /**
   * 'frequencies' divides the gradient by f² at spatial frequency f, so that large forms grow first, and takes colours together as
   * photographs do, so that they do not drift. Default 'frequencies'.
   */
  readonly basis?: 'pixels' | 'frequencies' | undefined;
  /** Steps from one image to the next. Default 1. */
  readonly every?: number | undefined;
  /** Of noise and shifts. Default 1. */
  readonly seed?: number | undefined;
  /** Ends the iteration with its reason when aborted. */
  readonly signal?: StopSignal | undefined;
}

const notNegative = number({ from: 0 });
const kinds: Kinds<AscentOptions> = {
  shape: anything,
  start: anything,
  low: anything,
  high: anything,
  steps: count,
  learningRate: number({ above: 0 }),
  decay: notNegative,
  variation: notNegative,
  jitter: whole(),
  blurEvery: whole(),
  blur: number({ above: 0 }),
  basis: oneOf(['pixels', 'frequencies']),
  every: count,
  seed: seedKind,
  signal: anything,
};

/** An image on its way. */
export interface Grown {
  /** Steps made. */
  readonly step: number;
  /** The score of the image before the last step, without what is subtracted from it. */
  readonly score: number;
  readonly image: ChannelMap;
}

/**
 * Gradient ascent on a score (Erhan et al. 2009, Simonyan et al. 2014): an image that a network takes for a class, or that
 * drives a unit,
 *
 *     I* = argmax_I  S(I) − λ‖I/u‖² − τ·TV(I/u),  u = high − low, or 1
 *
 * by Adam, with shifts, blurring (Yosinski et al. 2015) and a basis (Olah et al. 2017) that keep high frequencies down. Values
 * stay between `low` and `high`: those of black and white after the network's preprocessing.
 *
 * @example
 * for await (const { step, score, image } of ascent(device, network, 281, { shape: [224, 224, 3] })) show(image);
 * @throws ConfigError if the network has no such class or unit; ShapeError without a shape
 */
export async function* ascent(
  device: Device,
  network: InspectedNetwork,
  target: ImageTarget,
  options: AscentOptions = {},
): AsyncGenerator<Grown, void, undefined> {
  requireOptions('ascent', options, kinds);
  const { steps = 256, learningRate = 0.02, decay = 1e-3, variation = 1e-3, jitter = 8, signal } = options;
  const { blurEvery = 0, blur: sigma = 0.5, basis = 'frequencies', every = 1, seed = 1 } = options;
  const shape = options.start?.shape.slice(-3) ?? options.shape;
  if (shape === undefined || shape.length !== 3) {
    throw new ShapeError(
      `ascent: needs the image's shape [H, W, C], received ${shape ? formatShape(shape) : 'none'}; give \`shape\` or \`start\``,
    );
  }
  const random = new Random(seed);
  const u = unitOfRange(options);
  const size = shape.reduce((product, extent) => product * extent, 1);
  const begin = options.start
    ? await options.start.read()
    : Float64Array.from({ length: size }, () => 0.05 * u * random.normal());
  const picture = new Picture(device, [1, ...shape], begin, options);
  const coarse = basis === 'frequencies' ? coarsen(device, picture.shape) : null;
  try {
    for (let step = 1; step <= steps; step++) {
      throwIfAborted(signal);
      const [down, right] = [shift(random, jitter), shift(random, jitter)];
      const { score } = await picture.descend(
        (image) => {
          const score = sum(scoresOf('ascent', network, roll(image, down, right), target));
          let loss = neg(score);
          if (decay > 0) loss = add(loss, mul(squaredNorm(image), decay / u ** 2));
          if (variation > 0) loss = add(loss, mul(totalVariation(image), variation / u ** 2));
          return { loss, score };
        },
        learningRate * u,
        coarse?.of,
      );
      if (blurEvery > 0 && step % blurEvery === 0) picture.replace((image) => blur(image, sigma));
      if (step % every === 0 || step === steps) yield { step, score, image: await picture.read() };
    }
  } finally {
    coarse?.close();
    picture.close();
  }
}

const shift = (random: Random, most: number): number => random.below(2 * most + 1) - most;
