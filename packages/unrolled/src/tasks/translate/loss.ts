import { padSequences } from '../../data/buckets.ts';
import { sampleToken } from '../../decode/sampling.ts';
import { ConfigError } from '../../errors.ts';
import { type Context, inference } from '../../nn/layer.ts';
import { activeSteps } from '../../nn/lengths.ts';
import { add, crossEntropy, logSumExp, mean, mul, scale, sub, sum } from '../../ops/index.ts';
import type { Random } from '../../random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Translator } from './model.ts';
import type { EncodedPair } from './sides.ts';

export interface TranslationLossOptions {
  /**
   * ε of label smoothing (Szegedy 2016): the target is the right token with 1 − ε and any of all V + 1 with ε in even
   * shares. Default 0.
   */
  readonly smoothing?: number;
  /** λ: λ · Σ_s min(weight, coverage) is added at every step (See 2017). Needs a model with coverage. Default 0. */
  readonly coverageLoss?: number;
  /**
   * How often the decoder reads, in place of the right token before, one drawn from what it would have written itself:
   * scheduled sampling (Bengio 2015). Only while training. Default 0: always the right one (teacher forcing).
   */
  readonly sampling?: number;
}

/** @throws ConfigError on an option out of range, or one that this model has no part for */
export function checkLoss({ config }: Translator, options: TranslationLossOptions): void {
  const { smoothing = 0, coverageLoss = 0, sampling = 0 } = options;
  if (!(smoothing >= 0 && smoothing < 1)) {
    throw new ConfigError(`translate: smoothing must be in [0, 1), received ${smoothing}`, { smoothing });
  }
  if (!(sampling >= 0 && sampling <= 1)) {
    throw new ConfigError(`translate: sampling must be in [0, 1], received ${sampling}`, { sampling });
  }
  if (!(coverageLoss >= 0 && coverageLoss < Infinity)) {
    throw new ConfigError(
      `translate: the weight of the coverage loss must be a number from 0, received ${coverageLoss}`,
    );
  }
  if (coverageLoss > 0 && !config.coverage) {
    throw new ConfigError('translate: a coverage loss needs a model with coverage; turn it on', { coverageLoss });
  }
}

/**
 * The mean loss a token of these pairs, ends included, in nats:
 *
 *     (1 − ε) · −log p(y_t) + ε · mean over v of −log p(v) + λ · Σ_s min(weight_ts, coverage_ts)
 *
 * @returns also how many tokens it is the mean of
 */
export function translationLoss(
  model: Translator,
  pairs: readonly EncodedPair[],
  context: Context,
  options: TranslationLossOptions = {},
): { loss: Tensor; tokens: number } {
  const { smoothing = 0, coverageLoss = 0, sampling = 0 } = options;
  const { device, decoder, sides } = model;
  const { memory, state } = model.read(
    pairs.map(({ source }) => source),
    context,
  );
  const { values, shape, lengths } = padSequences(
    pairs.map(({ target }) => target),
    { padding: -1 },
  );
  const [T, B] = shape;
  // What is read at step t is what was to be written at the one before.
  const inputs = Float64Array.from(values, (_, i) => (i < B ? sides.target.start : Math.max(0, values[i - B])));
  const { logits, repeated } =
    sampling > 0 && context.training
      ? decoder.walk(T, sampledInputs(model, inputs, B, sampling, context), memory, state, context)
      : decoder.run(model.embed(inputs, shape, context), memory, state, context);
  const tokens = lengths.reduce((total, length) => total + length, 0);
  let losses = crossEntropy(logits, device.ids(values, shape)); // [T, B]
  const active = smoothing > 0 || coverageLoss > 0 ? activeSteps(lengths, T, device) : null;
  if (smoothing > 0) {
    const even = mul(sub(logSumExp(logits), mean(logits, { axes: -1 })), active!);
    losses = add(scale(losses, 1 - smoothing), scale(even, smoothing));
  }
  if (coverageLoss > 0) losses = add(losses, scale(mul(repeated!, active!), coverageLoss));
  return { loss: scale(sum(losses), 1 / tokens), tokens };
}

/** Vectors of what the decoder reads at each step: of the right tokens, or of what it would have written. */
function sampledInputs(
  model: Translator,
  inputs: Float64Array,
  B: number,
  rate: number,
  context: Context & { readonly random: Random },
): (t: number, before: Tensor | null) => Tensor {
  const { device, decoder, sides } = model;
  const { random } = context;
  return (t, before) => {
    const ids = inputs.slice(t * B, (t + 1) * B);
    if (before !== null) {
      const logits = device.withoutGradients(() => device.scope(() => decoder.logits(before, inference).data()));
      const V = logits.length / B;
      ids.forEach((_, b) => {
        if (random.uniform() >= rate) return;
        // Never the end: after it there would be nothing to learn.
        ids[b] = sampleToken(logits.subarray(b * V, (b + 1) * V), random, {}, sides.target.end);
      });
    }
    return model.embed(ids, [B], context);
  };
}
