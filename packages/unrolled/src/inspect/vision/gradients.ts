import { type GradientRule, gradients } from '../../autodiff/gradients.ts';
import { anything, count, flag, number, requireOptions, seed as seedKind } from '../../checks.ts';
import { abs, max, mul, relu, sum } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import { type StopSignal, throwIfAborted } from '../../signal.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import {
  type ChannelMap,
  type ImageTarget,
  type InspectedNetwork,
  type PixelMap,
  requireImage,
  scoresOf,
} from './network.ts';

export interface ImageGradientOptions {
  /** Guided backpropagation in place of the gradient. Default false. */
  readonly guided?: boolean | undefined;
}

/**
 * Guided backpropagation (Springenberg et al. 2015) as a rule for `gradients`: at every rectifier only what is positive flows
 * on, R ← max(R, 0), before the rectifier's own gradient takes away what flows to inputs below 0. Rectifiers are `relu` and
 * `relu6`, alone or as the activation of a convolution, a batch norm or a sum.
 */
export const guidedRule: GradientRule = ({ name, options }, arriving) => {
  const { activation } = (typeof options === 'object' && options !== null ? options : {}) as { activation?: unknown };
  if (!rectifiers.includes(name) && !rectifiers.includes(activation)) return arriving;
  const [first, ...others] = arriving;
  return [first && relu(first), ...others];
};

const rectifiers: readonly unknown[] = ['relu', 'relu6'];

const gradientKinds = { guided: flag };

/**
 * The gradient of a score with respect to the image, ∂S/∂I `[H, W, C]`: how the score answers to small changes of each value.
 * @param image  `[H, W, C]` or `[1, H, W, C]`, as the network takes it
 * @throws ConfigError if the network has no such class or unit
 */
export async function imageGradient(
  network: InspectedNetwork,
  image: Tensor,
  target: ImageTarget,
  options: ImageGradientOptions = {},
): Promise<ChannelMap> {
  requireOptions('imageGradient', options, gradientKinds);
  const x = requireImage('imageGradient', image);
  const [, height, width, channels] = x.shape;
  const values = await x.device.read(() => gradientAt('imageGradient', network, x, target, options));
  return { height, width, channels, values };
}

/**
 * Guided backpropagation (Springenberg et al. 2015) from a class or from any unit of any layer, `[H, W, C]`: the gradient of which
 * only positive parts flow on at every rectifier. It draws what a unit answers to sharply, but much of the drawing is the
 * image's own edges, whatever the weights (Adebayo et al. 2018).
 */
export function guidedBackpropagation(
  network: InspectedNetwork,
  image: Tensor,
  target: ImageTarget,
): Promise<ChannelMap> {
  return imageGradient(network, image, target, { guided: true });
}

export interface SaliencyOptions extends ImageGradientOptions {
  /** Gradient × input, |I · ∂S/∂I|, in place of the gradient alone. Default false. */
  readonly timesInput?: boolean | undefined;
}

const saliencyKinds = { ...gradientKinds, timesInput: flag };

/** Image-specific class saliency (Simonyan et al. 2014), max_c |∂S/∂I| over the channels c of each pixel. */
export async function saliency(
  network: InspectedNetwork,
  image: Tensor,
  target: ImageTarget,
  options: SaliencyOptions = {},
): Promise<PixelMap> {
  requireOptions('saliency', options, saliencyKinds);
  const x = requireImage('saliency', image);
  return readMap(x, () => {
    const gradient = gradientAt('saliency', network, x, target, options);
    return options.timesInput ? mul(gradient, x.detach()) : gradient;
  });
}

export interface SmoothGradOptions extends SaliencyOptions {
  /** n, noisy copies of the image. Default 32. */
  readonly samples?: number | undefined;
  /** σ of the noise, as a share of the range of the image's values. Default 0.15. */
  readonly noise?: number | undefined;
  /** Copies that run at once. Default 8. */
  readonly batch?: number | undefined;
  /** Default 1. */
  readonly seed?: number | undefined;
  /** Rejects with its reason when aborted. */
  readonly signal?: StopSignal | undefined;
}

const smoothKinds = {
  ...saliencyKinds,
  samples: count,
  noise: number({ from: 0 }),
  batch: count,
  seed: seedKind,
  signal: anything,
};

/**
 * SmoothGrad (Smilkov et al. 2017): the mean of the gradients at n noisy copies of the image, then max_c |·| over channels,
 *
 *     max_c |1/n Σ_i ∂S(I + ε_i)/∂I|,  ε_i ~ N(0, (σ (max I − min I))²)
 */
export async function smoothGrad(
  network: InspectedNetwork,
  image: Tensor,
  target: ImageTarget,
  options: SmoothGradOptions = {},
): Promise<PixelMap> {
  requireOptions('smoothGrad', options, smoothKinds);
  const { samples = 32, noise = 0.15, batch = 8, seed = 1, signal, timesInput = false } = options;
  const x = requireImage('smoothGrad', image);
  const { device } = x;
  const pixels = await x.read();
  let [low, high] = [Infinity, -Infinity];
  for (const value of pixels) [low, high] = [Math.min(low, value), Math.max(high, value)];
  const sigma = noise * (high - low);
  const random = new Random(seed);
  let total: Tensor | null = null;
  try {
    for (let done = 0; done < samples; done += batch) {
      throwIfAborted(signal);
      const rows = Math.min(batch, samples - done);
      total = device.keep(
        device.carry<Tensor | null>(total, (before) => {
          const copies = Float64Array.from(
            { length: rows * x.size },
            (_, i) => pixels[i % x.size] + sigma * random.normal(),
          );
          const noisy = device.tensor(copies, [rows, ...x.shape.slice(1)]);
          const gradient = gradientAt('smoothGrad', network, noisy, target, options);
          const added = sum(timesInput ? mul(gradient, noisy) : gradient, { axes: 0, keepDims: true });
          return before === null ? added : before.add(added);
        }),
      );
    }
    return await readMap(x, () => mul(total!, 1 / samples));
  } finally {
    device.release(total);
  }
}

/** ∂ Σ_b S_b/∂x, of the shape of x: each image's own gradient, since images of a batch do not interact. */
export function gradientAt(
  operation: string,
  network: InspectedNetwork,
  x: Tensor,
  target: ImageTarget,
  { guided = false }: ImageGradientOptions,
): Tensor {
  return x.device.withGradients(() => {
    const leaf = x.track();
    const score = sum(scoresOf(operation, network, leaf, target));
    return gradients(score, [leaf], undefined, guided ? guidedRule : undefined)[0];
  });
}

/** max_c |·| of `[1, H, W, C]`, read. */
async function readMap(x: Tensor, make: () => Tensor): Promise<PixelMap> {
  const [, height, width] = x.shape;
  const values = await x.device.read(() => x.device.withoutGradients(() => max(abs(make()), { axes: -1 })));
  return { height, width, values };
}

/** max_c |v| over the channels of each pixel. */
export function strongestChannel({ height, width, channels, values }: ChannelMap): PixelMap {
  const strongest = new Float64Array(height * width);
  for (let i = 0; i < values.length; i++) {
    const pixel = Math.floor(i / channels);
    strongest[pixel] = Math.max(strongest[pixel], Math.abs(values[i]));
  }
  return { height, width, values: strongest };
}
