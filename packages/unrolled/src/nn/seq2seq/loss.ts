import { number, rate, requireKind } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { add, argmax, crossEntropy, embedding, reshape, scale, sum } from '../../ops/index.ts';
import type { Random } from '../../random.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { smoothed } from '../label-smoothing.ts';
import type { Context } from '../layer.ts';
import { activePositions } from '../lengths.ts';
import type { EncoderDecoder, Reading } from './encoder-decoder.ts';

export interface SequenceLossOptions {
  /**
   * ε of label smoothing (Szegedy 2016): the target distribution is 1 − ε on the reference token plus ε spread evenly over
   * all V tokens and the end. Default 0.
   */
  readonly smoothing?: number | undefined;
  /** λ of the coverage loss, λ · Σ_s min(weight, coverage) at every step (See 2017). Needs a model with coverage. Default 0. */
  readonly coverageLoss?: number | undefined;
  /**
   * Scheduled sampling (Bengio 2015): the probability that the decoder reads a token drawn from its own prediction instead
   * of the reference. Only in training. Default 0: teacher forcing.
   */
  readonly sampling?: number | undefined;
}

/** Ids of target sequences with their ends, `[T, B]` in rows; −1 beyond a row's length. */
export interface TargetSequences {
  readonly values: ArrayLike<number>;
  readonly shape: Shape;
  readonly lengths: readonly number[];
}

/** @throws ConfigError on an option out of range, or a coverage loss for a model without coverage */
export function checkSequenceLoss(
  { config }: Pick<EncoderDecoder, 'config'>,
  { smoothing = 0, coverageLoss = 0, sampling = 0 }: SequenceLossOptions,
): void {
  requireKind('loss', 'smoothing', smoothing, rate);
  requireKind('loss', 'coverageLoss', coverageLoss, number({ from: 0 }));
  requireKind('loss', 'sampling', sampling, number({ from: 0, to: 1 }));
  if (coverageLoss > 0 && !config.attention?.coverage) {
    throw new ConfigError('loss: a coverage loss needs a model with coverage: true', { coverageLoss });
  }
}

/**
 * The mean loss of target sequences per token, their ends included, in nats:
 *
 *     (1 − ε) · −log p(y_t) + ε · mean over v of −log p(v) + λ · Σ_s min(weight_ts, coverage_ts)
 *
 * The decoder reads the references (teacher forcing), or while training some tokens drawn from what it predicts itself.
 * @param reading  of the sources, one for each target
 */
export function sequenceLoss(
  model: EncoderDecoder,
  { memory, state }: Reading,
  { values, shape, lengths }: TargetSequences,
  context: Context,
  { smoothing = 0, coverageLoss = 0, sampling = 0 }: SequenceLossOptions = {},
): Tensor {
  const { decoder, device, start } = model;
  const [T, B] = shape;
  // The input of step t is the reference of step t − 1.
  const inputs = Int32Array.from(values, (_, i) => (i < B ? start : Math.max(0, values[i - B])));
  const { vectors, repeated } =
    sampling > 0 && context.training
      ? decoder.walk(T, sampledInputs(model, inputs, B, sampling, context), memory, state, context)
      : decoder.run(model.embed(device.ids(inputs, shape), context), memory, state, context);
  // The output layer is the largest product by far: it skips the padding.
  const positions = activePositions(lengths, T);
  const tokens = positions.length;
  const active = device.ids(positions);
  const logits = decoder.logits(embedding(reshape(vectors, [T * B, vectors.shape[2]]), active)); // [tokens, V]
  let losses = crossEntropy(logits, device.ids(Int32Array.from(positions, (position) => values[position])));
  if (smoothing > 0) losses = smoothed(losses, logits, smoothing);
  if (coverageLoss > 0) {
    const of = embedding(reshape(repeated!, [T * B, 1]), active);
    losses = add(losses, scale(reshape(of, [tokens]), coverageLoss));
  }
  return scale(sum(losses), 1 / tokens);
}

/** Embeddings of the decoder's inputs: reference tokens, or tokens sampled from its own predictions, which stay on the device. */
function sampledInputs(
  model: EncoderDecoder,
  inputs: Int32Array,
  B: number,
  rate: number,
  context: Context & { readonly random: Random },
): (t: number, before: Tensor | null) => Tensor {
  const { device, decoder, end } = model;
  const { random } = context;
  return (t, before) => {
    const reference = inputs.subarray(t * B, (t + 1) * B);
    const given = before === null ? reference : reference.map((id) => (random.uniform() < rate ? -1 : id));
    if (before === null || !given.includes(-1)) return model.embed(device.ids(reference), context);
    // Never the end token: nothing follows it.
    const ids = device.withoutGradients(() => drawIds(decoder.logits(before), random, { given, never: end }));
    return model.embed(ids, context);
  };
}

/**
 * An id for each row of logits `[B, V]`, drawn from their softmax without reading them: the argmax of logit − log(−log u)
 * over uniform u (Gumbel 1954). int32 `[B]`.
 * @param given  rows with an id from 0 get that one, and draw nothing. Default: all draw
 * @param never  an id that is never drawn
 */
export function drawIds(
  logits: Tensor,
  random: Random,
  { given, never }: { readonly given?: ArrayLike<number>; readonly never?: number } = {},
): Tensor {
  const [B, V] = logits.shape;
  const noise = new Float32Array(B * V).fill(Number.NEGATIVE_INFINITY);
  for (let row = 0; row < B; row++) {
    if (given && given[row] >= 0) noise[row * V + given[row]] = 0;
    else for (let id = 0; id < V; id++) if (id !== never) noise[row * V + id] = gumbel(random);
  }
  return argmax(add(logits, logits.device.tensor(noise, [B, V])));
}

/** From the standard Gumbel distribution. */
const gumbel = (random: Random): number => -Math.log(-Math.log(Math.max(random.uniform(), Number.MIN_VALUE)));
