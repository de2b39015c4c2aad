import { number, rate, requireKind } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import {
  add,
  concat,
  crossEntropy,
  embedding,
  log,
  matmul,
  mul,
  neg,
  reshape,
  scale,
  softmax,
  square,
  sub,
  sum,
} from '../../ops/index.ts';
import type { Random } from '../../random.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { drawIds } from '../draw-ids.ts';
import { smoothed } from '../label-smoothing.ts';
import type { Context } from '../layer.ts';
import { activePositions, activeSteps } from '../lengths.ts';
import type { DecoderRun } from './decoder.ts';
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
   * λ of the doubly stochastic loss, λ · Σ_s (1 − Σ_t weight_ts)² for each sequence (Xu 2015), which asks that attention looks
   * everywhere once. Needs attention that is fed. Default 0.
   */
  readonly doublyStochastic?: number | undefined;
  /** λ of the entropy of hard attention's weights, which keeps it from settling too early (Xu 2015). Default 0.01. */
  readonly entropy?: number | undefined;
  /** Whether hard attention's reward is compared with its moving mean, which lowers the variance of the gradient. Default true. */
  readonly baseline?: boolean | undefined;
  /**
   * Scheduled sampling (Bengio 2015): the probability that the decoder reads a token drawn from its own prediction instead
   * of the reference. Only in training. Default 0: teacher forcing.
   */
  readonly sampling?: number | undefined;
  /** Tokens that are asked for beside some references. Default: none. */
  readonly alternatives?: TokenAlternatives | undefined;
}

/** At positions whose reference is one of `at`, λ · −log Σ_{v of tokens} p(v) is added, with λ the weight. */
export interface TokenAlternatives {
  readonly at: ReadonlySet<number>;
  readonly tokens: readonly number[];
  readonly weight: number;
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
  { smoothing = 0, coverageLoss = 0, doublyStochastic = 0, entropy, sampling = 0 }: SequenceLossOptions,
): void {
  requireKind('loss', 'smoothing', smoothing, rate);
  requireKind('loss', 'coverageLoss', coverageLoss, number({ from: 0 }));
  requireKind('loss', 'doublyStochastic', doublyStochastic, number({ from: 0 }));
  if (entropy !== undefined) requireKind('loss', 'entropy', entropy, number({ from: 0 }));
  requireKind('loss', 'sampling', sampling, number({ from: 0, to: 1 }));
  if (coverageLoss > 0 && !config.attention?.coverage) {
    throw new ConfigError('loss: a coverage loss needs a model with coverage: true', { coverageLoss });
  }
  if (doublyStochastic > 0 && (config.feeding ?? 'none') === 'none') {
    throw new ConfigError("loss: a doubly stochastic loss needs attention with feeding 'context' or 'output'", {
      doublyStochastic,
    });
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
  reading: Reading,
  targets: TargetSequences,
  context: Context,
  options: SequenceLossOptions = {},
): Tensor {
  const { smoothing = 0, coverageLoss = 0, doublyStochastic = 0, entropy = 0.01, sampling = 0 } = options;
  const { baseline = true, alternatives } = options;
  const {
    losses: plain,
    logits,
    positions,
    repeated,
    weights,
    drawn,
  } = tokenLosses(model, reading, targets, context, sampling);
  const { values, shape, lengths } = targets;
  const { device } = model;
  const [T, B] = shape;
  const tokens = positions.length;
  const active = device.ids(positions);
  let losses = plain;
  if (smoothing > 0) losses = smoothed(losses, logits, smoothing);
  if (coverageLoss > 0) {
    const of = embedding(reshape(repeated!, [T * B, 1]), active);
    losses = add(losses, scale(reshape(of, [tokens]), coverageLoss));
  }
  let total = sum(losses);
  if (alternatives && context.training) {
    const other = alternativeLoss(
      logits,
      positions.map((position) => values[position]),
      alternatives,
    );
    if (other) total = add(total, other);
  }
  if (doublyStochastic > 0) total = add(total, scale(unevenness(weights!, lengths), doublyStochastic));
  if (drawn) {
    const rewards = neg(gridOf(plain.detach(), positions, shape));
    const episodes = { rewards, drawn, active: activeSteps(lengths, T, device) };
    const surrogate = model.reinforce(episodes, entropy, baseline);
    // It has REINFORCE's gradient; its value says nothing, and would hide the loss.
    total = add(total, sub(surrogate, surrogate.detach()));
  }
  return scale(total, 1 / tokens);
}

/** Σ_b Σ_s (1 − Σ_t weight_tbs)² over the steps below each row's length. */
function unevenness(weights: Tensor, lengths: readonly number[]): Tensor {
  const [T, B] = weights.shape;
  const active = reshape(activeSteps(lengths, T, weights.device), [T, B, 1]);
  return sum(square(sub(1, sum(mul(weights, active), { axes: 0 }))));
}

export interface TokenLosses extends DecoderRun {
  /** −log p of each token, `[N]`, at the positions t·B + b below each row's length. */
  readonly losses: Tensor;
  /** `[N, V + 1]`. */
  readonly logits: Tensor;
  readonly positions: Int32Array;
}

/** The loss of each token of target sequences, ends included. @param sampling  as of `SequenceLossOptions`, in training */
export function tokenLosses(
  model: EncoderDecoder,
  { memory, state }: Reading,
  { values, shape, lengths }: TargetSequences,
  context: Context,
  sampling = 0,
): TokenLosses {
  const { decoder, device, start } = model;
  const [T, B] = shape;
  // The input of step t is the reference of step t − 1.
  const inputs = Int32Array.from(values, (_, i) => (i < B ? start : Math.max(0, values[i - B])));
  const run =
    sampling > 0 && context.training
      ? decoder.walk(T, sampledInputs(model, inputs, B, sampling, context), memory, state, context)
      : decoder.run(model.embed(device.ids(inputs, shape), context), memory, state, context);
  // The output layer is the largest product by far: it skips the padding.
  const positions = activePositions(lengths, T);
  const active = device.ids(positions);
  const logits = decoder.logits(embedding(reshape(run.vectors, [T * B, run.vectors.shape[2]]), active)); // [N, V + 1]
  const losses = crossEntropy(logits, device.ids(Int32Array.from(positions, (position) => values[position])));
  return { ...run, losses, logits, positions };
}

/** λ · Σ −log Σ_{v of tokens} p(v) over the rows of logits `[N, V]` whose reference is one of `at`; null if none is. */
function alternativeLoss(
  logits: Tensor,
  references: Int32Array,
  { at, tokens, weight }: TokenAlternatives,
): Tensor | null {
  const { device } = logits;
  const rows = Int32Array.from(references.keys()).filter((row) => at.has(references[row]));
  if (rows.length === 0) return null;
  const chosen = new Float32Array(logits.shape[1]);
  for (const token of tokens) chosen[token] = 1;
  const probabilities = softmax(embedding(logits, device.ids(rows)));
  const together = matmul(probabilities, device.tensor(chosen, [chosen.length, 1]));
  // Probabilities of 0 in 32 bits have no logarithm.
  return scale(sum(log(add(together, 1e-30))), -weight);
}

/** Numbers of some positions, as `[T, B]`; 0 at the others. */
function gridOf(values: Tensor, positions: Int32Array, [T, B]: Shape): Tensor {
  const { device } = values;
  const places = new Int32Array(T * B).fill(positions.length);
  positions.forEach((position, i) => {
    places[position] = i;
  });
  const table = reshape(concat([values, device.zeros([1])]), [positions.length + 1, 1]);
  return reshape(embedding(table, device.ids(places)), [T, B]);
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
