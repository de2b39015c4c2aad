import { anything, count, type Kinds, requireOptions, seed as seedKind, whole } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import type { Image } from '../../images/index.ts';
import { sum } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import type { DrawModel } from './model.ts';

export interface EvaluateDrawOptions {
  /** Of the binary pixels and of the latent numbers. Default 1. */
  readonly seed?: number | undefined;
  /** K, samples of z for each image, by which the log-likelihood is estimated; 0: it is not. Default 0. */
  readonly samples?: number | undefined;
  /** Batch size. Default 100. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/** How well a model draws images; means an image, in nats. */
export interface DrawEvaluation {
  readonly images: number;
  /** An upper bound of −log p(x): reconstruction and divergence. */
  readonly bound: number;
  /** −log p(x | z). */
  readonly reconstruction: number;
  /** KL(Q(z | x) ‖ P(z)) over all steps. */
  readonly divergence: number;
  /** The divergence of each step. */
  readonly bySteps: readonly number[];
  /**
   * −log (1/K Σ_k p(x, z_k) / Q(z_k | x)), the importance-weighted bound (Burda 2016): it approaches −log p(x) from above as K
   * grows. Null unless `samples` were asked for.
   */
  readonly negativeLogLikelihood: number | null;
}

const kinds: Kinds<EvaluateDrawOptions> = { seed: seedKind, samples: whole(), batch: count, signal: anything };

/**
 * The variational bound on images, whose pixels are made binary at random by the seed.
 * @throws DataError without images; ConfigError on an option out of range; the signal's reason if it is aborted
 */
export async function evaluateDraw(
  model: DrawModel,
  images: readonly Image[],
  options: EvaluateDrawOptions = {},
): Promise<DrawEvaluation> {
  requireOptions('evaluateDraw', options, kinds);
  if (images.length === 0) throw new DataError('draw: there are no images to evaluate on');
  const { seed = 1, samples = 0, batch = 100, signal } = options;
  const random = new Random(seed);
  const [pixels, latents] = [random.fork('pixels'), random.fork('latents')];
  const { device, config } = model;
  const bySteps = new Array<number>(config.glimpses).fill(0);
  let [reconstruction, likelihood] = [0, 0];
  for (let from = 0; from < images.length; from += batch) {
    const part = images.slice(from, from + batch);
    const state = pixels.state;
    const weights: ArrayLike<number>[] = [];
    for (let k = 0; k < Math.max(1, samples); k++) {
      await breathe(signal);
      const found = await device.read(() =>
        device.withoutGradients(() => {
          // The same pixels for every sample.
          const x = model.binarised(part, k === 0 ? pixels : new Random(state));
          const { reconstruction, divergence, logWeight } = model.bound(x, latents);
          return { reconstruction: sum(reconstruction), divergence: sum(divergence, { axes: 1 }), logWeight };
        }),
      );
      weights.push(found.logWeight);
      if (k > 0) continue;
      reconstruction += found.reconstruction[0];
      found.divergence.forEach((value, t) => {
        bySteps[t] += value;
      });
    }
    for (const i of part.keys()) likelihood -= logMeanExp(weights.map((some) => some[i]));
  }
  const mean = (total: number): number => total / images.length;
  const divergence = mean(bySteps.reduce((total, one) => total + one, 0));
  return {
    images: images.length,
    bound: mean(reconstruction) + divergence,
    reconstruction: mean(reconstruction),
    divergence,
    bySteps: bySteps.map(mean),
    negativeLogLikelihood: samples > 0 ? mean(likelihood) : null,
  };
}

/** log of the mean of exp(x). */
export function logMeanExp(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((total, one) => total + Math.exp(one - most), 0) / values.length);
}
