import { padSequences } from '../../data/padding.ts';
import { sampleToken } from '../../decode/sampling.ts';
import { ConfigError } from '../../errors.ts';
import type { Context } from '../../nn/layer.ts';
import { activePositions } from '../../nn/lengths.ts';
import { add, crossEntropy, embedding, logSumExp, mean, reshape, scale, sub, sum } from '../../ops/index.ts';
import type { Random } from '../../random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Translator } from './model.ts';
import type { EncodedPair } from './sides.ts';

export interface TranslationLossOptions {
  /**
   * ε of label smoothing (Szegedy 2016): the target distribution is 1 − ε on the reference token plus ε spread evenly over
   * all V + 1 tokens. Default 0.
   */
  readonly smoothing?: number;
  /** λ of the coverage loss, λ · Σ_s min(weight, coverage) at every step (See 2017). Needs a model with coverage. Default 0. */
  readonly coverageLoss?: number;
  /**
   * Scheduled sampling (Bengio 2015): the probability that the decoder reads a token drawn from its own prediction instead
   * of the reference. Only in training. Default 0: teacher forcing.
   */
  readonly sampling?: number;
}

/** @throws ConfigError on an option out of range, or a coverage loss for a model without coverage */
export function checkLoss({ config }: Translator, options: TranslationLossOptions): void {
  const { smoothing = 0, coverageLoss = 0, sampling = 0 } = options;
  if (!(smoothing >= 0 && smoothing < 1)) {
    throw new ConfigError(`translate: smoothing must be in [0, 1), received ${smoothing}`, { smoothing });
  }
  if (!(sampling >= 0 && sampling <= 1)) {
    throw new ConfigError(`translate: sampling must be in [0, 1], received ${sampling}`, { sampling });
  }
  if (!(coverageLoss >= 0 && coverageLoss < Infinity)) {
    throw new ConfigError(`translate: coverageLoss must be a number from 0, received ${coverageLoss}`);
  }
  if (coverageLoss > 0 && !config.coverage) {
    throw new ConfigError('translate: a coverage loss needs a model with coverage: true', { coverageLoss });
  }
}

/**
 * The mean loss per token of these pairs, end tokens included, in nats:
 *
 *     (1 − ε) · −log p(y_t) + ε · mean over v of −log p(v) + λ · Σ_s min(weight_ts, coverage_ts)
 *
 * @returns the loss and the number of tokens
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
  // The input of step t is the reference of step t − 1.
  const inputs = Float64Array.from(values, (_, i) => (i < B ? sides.target.start : Math.max(0, values[i - B])));
  const { vectors, repeated } =
    sampling > 0 && context.training
      ? decoder.walk(T, sampledInputs(model, inputs, B, sampling, context), memory, state, context)
      : decoder.run(model.embed(inputs, shape, context), memory, state, context);
  // The output layer is the largest product by far: it skips the padding.
  const positions = activePositions(lengths, T);
  const tokens = positions.length;
  const active = device.ids(positions);
  const logits = decoder.logits(embedding(reshape(vectors, [T * B, vectors.shape[2]]), active)); // [tokens, V]
  let losses = crossEntropy(logits, device.ids(Int32Array.from(positions, (position) => values[position])));
  if (smoothing > 0) {
    const even = sub(logSumExp(logits), mean(logits, { axes: -1 }));
    losses = add(scale(losses, 1 - smoothing), scale(even, smoothing));
  }
  if (coverageLoss > 0) {
    const of = embedding(reshape(repeated!, [T * B, 1]), active);
    losses = add(losses, scale(reshape(of, [tokens]), coverageLoss));
  }
  return { loss: scale(sum(losses), 1 / tokens), tokens };
}

/** Embeddings of the decoder's inputs: reference tokens, or tokens sampled from its own predictions. */
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
      const logits = device.withoutGradients(() => device.scope(() => decoder.logits(before).data()));
      const V = logits.length / B;
      ids.forEach((_, b) => {
        if (random.uniform() >= rate) return;
        // Never the end token: nothing follows it.
        ids[b] = sampleToken(logits.subarray(b * V, (b + 1) * V), random, {}, sides.target.end);
      });
    }
    return model.embed(ids, [B], context);
  };
}
