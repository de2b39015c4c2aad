import { count, flag, oneOf, rate, required } from '../checks.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import {
  add,
  argmax,
  embedding,
  greater,
  linear,
  logSoftmax,
  matmul,
  minimum,
  mul,
  neg,
  recomputeInParts,
  reshape,
  scale,
  select,
  softmax,
  sum,
  tanh,
  transpose,
} from '../ops/index.ts';
import { formatShape, type Shape } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Buildable } from './buildable.ts';
import { drawIds } from './draw-ids.ts';
import { zeros } from './initialisers.ts';
import { type Context, inference, type Layer } from './layer.ts';
import { layerConfig } from './layer-config.ts';
import { beyond, replacePadding, requireLengths } from './lengths.ts';
import type { Declarations, Parameter } from './parameters.ts';

export const attentionScores = ['additive', 'dot', 'general', 'scaled-dot', 'scaled-general'] as const;

/**
 * How well a query s fits a state h of the memory:
 *
 * - additive: vᵀ tanh(W s + U h) (Bahdanau 2015)
 * - dot: sᵀ h;  general: sᵀ W h (Luong 2015)
 * - scaled-dot: sᵀ h / √D (Vaswani 2017);  scaled-general: sᵀ W h / √Q. Large scores saturate the softmax, whose gradient
 *   then vanishes: unscaled, a decoder with W may attend to one position for good, such as the end of every source
 */
export type AttentionScore = (typeof attentionScores)[number];

export interface AttentionOptions {
  readonly score: AttentionScore;
  /** A, the width of W s + U h, for the additive score. Default D, the depth of the memory. */
  readonly units?: number;
  /**
   * Coverage (See 2017): the score also depends on past attention, to avoid repetition:
   * coverage c = Σ of past weights; additive: tanh(W s + U h + c·w), w `[A]`; else score + w·c, w `[1]`. Default false.
   */
  readonly coverage?: boolean;
  /**
   * Hard attention (Xu 2015): the context is the value of one position, drawn from the weights in training and the one of the
   * greatest weight otherwise. Its weights learn by REINFORCE, from `AttentionStep.drawn`. Default false.
   */
  readonly hard?: boolean;
  /**
   * Hard attention in training: the probability, for each row, that all of its contexts are the mean Σ_s weight_s · h_s in place of
   * draws, which lowers the variance of the gradient (Xu 2015, with ½). Default 0.
   */
  readonly expected?: number;
}

/** Queries `[T, B, Q]`, and a memory `[S, B, D]` with the number of valid positions of each row. Default: S for all. */
export interface AttentionInputs {
  readonly queries: Tensor;
  readonly memory: Tensor;
  readonly lengths?: readonly number[] | null | undefined;
}

export interface AttentionShapes {
  readonly queries: Shape;
  readonly memory: Shape;
}

/** A sequence prepared for attention: keys are computed once for all queries. */
export type AttentionMemory = {
  readonly keys: Tensor; // [B, S, K]
  readonly values: Tensor; // [B, S, D]
  /** 0 at valid positions, −∞ at padding, `[B, 1, S]`; null without padding. */
  readonly mask: Tensor | null;
  /** Hard attention: 1 where a row has one position, 0 where it has the mean of all, `[B]`; null: 1 everywhere. */
  readonly single: Tensor | null;
};

export interface AttentionStep {
  /** Σ_s weight_s · h_s, `[B, D]`. */
  readonly context: Tensor;
  /** `[B, S]`, each row with sum 1; exactly 0 beyond a row's length. */
  readonly weights: Tensor;
  /** Σ of the weights so far, these included, `[B, S]`; null without coverage. */
  readonly coverage: Tensor | null;
  /** Of hard attention in training; else null. */
  readonly drawn: Drawn | null;
}

/** A draw from the weights of each row. */
export interface Drawn {
  /** log p of the position that was drawn, `[B]`. */
  readonly logProbability: Tensor;
  /** −Σ p log p, `[B]`. */
  readonly entropy: Tensor;
}

/** What a step of attention depends on besides its query and memory. */
export interface AttentionStepOptions {
  /** Returned by the step before; null at the first one. Default null. */
  readonly coverage?: Tensor | null | undefined;
  /** Whether hard attention draws, and from which random numbers. Default: inference. */
  readonly context?: Context | undefined;
}

/** What hard attention reads after training: the likeliest position alone, or the mean of all by their weights. */
export const hardReadings = ['likeliest', 'mean'] as const;
export type HardReading = (typeof hardReadings)[number];

/** How a memory is looked at; only hard attention asks. */
export interface PrepareOptions {
  /** In training it decides here which rows have the mean, with `expected`. Default: inference. */
  readonly context?: Context | undefined;
  /** Default 'likeliest'. */
  readonly reads?: HardReading | undefined;
}

export interface AttendOptions {
  /** Whether to return the weights, too: `[T, B, S]`. Default false. */
  readonly weights?: boolean;
  /**
   * Queries per chunk; does not change the result. Default: as many as keep intermediate results at about a million numbers;
   * all of them if those of the additive score then have at most 16 million.
   */
  readonly chunk?: number;
}

/**
 * Attention of queries over a memory: weights = softmax over s of score(query, h_s), context = Σ_s weight_s · h_s.
 * Results of a row do not depend on the other rows of the batch.
 *
 * Parameters: additive: `query.weight` [A, Q], `key.weight` [A, D], `score.weight` [1, A]; general and
 * scaled-general: `key.weight` [Q, D];
 * with coverage: `coverage.weight` [A] or [1].
 *
 * @example
 * const attention = new Attention({ score: 'additive', units: 64 });
 * attention.build({ queries: [-1, -1, hidden], memory: [-1, -1, depth] }, declarations.within('attention'));
 * const memory = attention.prepare(encoded, lengths);                 // once for each sequence
 * const { context, weights } = attention.step(state.h, memory);       // at every step
 */
export class Attention
  extends Buildable<Readonly<Record<'query' | 'key' | 'score' | 'coverage', Parameter | null>>>
  implements Layer<AttentionInputs, Tensor, AttentionShapes>
{
  readonly config: { readonly layer: 'attention' } & AttentionOptions;

  /** @throws ConfigError on an unknown score or option */
  constructor(options: AttentionOptions) {
    super();
    this.config = layerConfig('attention', options, {
      score: required(oneOf(attentionScores)),
      units: count,
      coverage: flag,
      hard: flag,
      expected: rate,
    });
  }

  /** @throws ConfigError if the score is a dot product, and queries are not as wide as the memory */
  build({ queries, memory }: AttentionShapes, declarations: Declarations): Shape {
    const [Q, D] = [queries.at(-1)!, memory.at(-1)!];
    const { score, units: A = D, coverage = false } = this.config;
    const weight = (name: string, rows: number, columns: number): Parameter =>
      declarations.declare(`${name}.weight`, [rows, columns], { kind: 'xavier' });
    const additive = score === 'additive';
    const bilinear = score === 'general' || score === 'scaled-general';
    if (!additive && !bilinear && Q !== D) {
      throw new ConfigError(
        `attention: '${score}' needs queries as wide as the memory, received ${Q} and ${D}; use 'scaled-general' or 'additive'`,
        { query: Q, memory: D },
      );
    }
    this.parts = {
      query: additive ? weight('query', A, Q) : null,
      key: additive || bilinear ? weight('key', additive ? A : Q, D) : null,
      score: additive ? weight('score', 1, A) : null,
      coverage: coverage ? declarations.declare('coverage.weight', [additive ? A : 1], zeros) : null,
    };
    return [...queries.slice(0, -1), D];
  }

  /** The contexts of all queries; see `attend`. */
  apply({ queries, memory, lengths }: AttentionInputs): Tensor {
    return this.attend(queries, this.prepare(memory, lengths)).context;
  }

  /**
   * memory `[S, B, D]` → keys and values.
   * @param lengths  number of valid positions of each row, `[B]`, from 1. Default: S for all
   */
  prepare(
    memory: Tensor,
    lengths: readonly number[] | null = null,
    { context = inference, reads = 'likeliest' }: PrepareOptions = {},
  ): AttentionMemory {
    if (memory.rank !== 3) {
      throw new ShapeError(`attention: the memory must be [S, B, D], received ${formatShape(memory.shape)}`, {
        memory: memory.shape,
      });
    }
    const { key } = this.parts;
    const [S, B] = memory.shape;
    if (lengths !== null) requireLengths('attention', lengths, S, B);
    // A weight of 0 does not mask a NaN.
    const values = transpose(lengths ? replacePadding(memory, lengths, 0) : memory, [1, 0, 2]);
    return {
      values,
      keys: key ? linear(values, key.value) : values,
      mask: lengths && memory.device.tensor(beyond(lengths, S), [B, 1, S]),
      single: this.#single(B, memory.device, context, reads),
    };
  }

  #single(B: number, device: Device, context: Context, reads: HardReading): Tensor | null {
    const { hard = false, expected = 0 } = this.config;
    if (!hard) return null;
    if (!context.training) return reads === 'mean' ? device.zeros([B]) : null;
    if (expected === 0) return null;
    const { random } = context;
    return device.tensor(
      Uint8Array.from({ length: B }, () => Number(random.uniform() >= expected)),
      [B],
    );
  }

  /** One query for each row: `[B, Q]` → context `[B, D]`. */
  step(query: Tensor, memory: AttentionMemory, options: AttentionStepOptions = {}): AttentionStep {
    const { coverage = null, context: mode = inference } = options;
    const [B, S] = memory.values.shape;
    const projected = this.#project(query);
    const q = reshape(projected, [B, 1, projected.shape[1]]);
    const past = this.parts.coverage && (coverage ?? query.device.zeros([B, S]));
    const scores = this.#scores(q, memory.keys, this.parts.score?.value ?? null, past);
    if (this.config.hard) {
      const masked = reshape(memory.mask ? add(scores, memory.mask) : scores, [B, S]);
      const weights = softmax(masked);
      const looked = lookAtOne(masked, weights, memory, mode);
      return { ...looked, weights, coverage: past && add(past, weights) };
    }
    const { context, weights } = attendTo(scores, memory);
    const flat = reshape(weights, [B, S]);
    return { context: reshape(context, [B, -1]), weights: flat, coverage: past && add(past, flat), drawn: null };
  }

  /**
   * Many queries at once: `[T, B, Q]` → contexts `[T, B, D]`: a decoder's states under teacher forcing, or a sequence
   * that attends to itself. With more than one chunk, intermediate results are recomputed in the backward pass,
   * so that 2,000 × 2,000 positions need little more memory than the output.
   * @throws ConfigError with coverage, where each query depends on the one before
   */
  attend(
    queries: Tensor,
    memory: AttentionMemory,
    options: AttendOptions = {},
  ): { context: Tensor; weights: Tensor | null } {
    if (this.parts.coverage) {
      throw new ConfigError('attention: with coverage each step depends on the one before; call step for each query');
    }
    if (this.config.hard) {
      throw new ConfigError('attention: hard attention looks at one position for each query; call step for each query');
    }
    const { keys, values, mask } = memory;
    const [B, S, K] = keys.shape;
    const T = queries.shape[0];
    const { score: additive } = this.parts;
    const inner = B * S * (additive ? K : 1);
    // Recomputing tanh costs two fifths more time, so results of at most 64 MiB per tensor are stored.
    const most = additive ? 2 ** 24 : 2 ** 20;
    const chunk = options.chunk ?? (T * inner <= most ? T : Math.floor(2 ** 20 / inner));
    const given = [keys, values, ...(additive ? [additive.value] : [])];
    const part = ([q, k, v, score]: readonly Tensor[]): Tensor[] => {
      const { context, weights } = attendTo(this.#scores(transpose(q, [1, 0, 2]), k, score ?? null, null), {
        values: v,
        mask,
      });
      return (options.weights ? [context, weights] : [context]).map((x) => transpose(x, [1, 0, 2]));
    };
    const projected = this.#project(queries); // [T, B, K]
    const [context, weights = null] =
      T <= chunk ? part([projected, ...given]) : recomputeInParts(projected, given, Math.max(1, chunk), part);
    return { context, weights };
  }

  #project(queries: Tensor): Tensor {
    const { query } = this.parts;
    return query ? linear(queries, query.value) : queries;
  }

  /** q `[B, T, K]`, keys `[B, S, K]`, coverage `[B, S]` where T is 1 → `[B, T, S]`. */
  #scores(q: Tensor, keys: Tensor, score: Tensor | null, coverage: Tensor | null): Tensor {
    const [B, S, K] = keys.shape;
    const T = q.shape[1];
    if (score) {
      let hidden = add(reshape(q, [B, T, 1, K]), reshape(keys, [B, 1, S, K]));
      if (coverage) hidden = add(hidden, mul(reshape(coverage, [B, 1, S, 1]), this.parts.coverage!.value));
      return reshape(linear(tanh(hidden), score), [B, T, S]);
    }
    const dot = matmul(q, keys, { transposeB: true });
    const scaled = this.config.score.startsWith('scaled-') ? scale(dot, 1 / Math.sqrt(K)) : dot;
    return coverage ? add(scaled, mul(reshape(coverage, [B, 1, S]), this.parts.coverage!.value)) : scaled;
  }
}

/** scores `[B, T, S]` → weights of the same shape and contexts `[B, T, D]`. */
function attendTo(
  scores: Tensor,
  { values, mask }: Pick<AttentionMemory, 'values' | 'mask'>,
): { context: Tensor; weights: Tensor } {
  const weights = softmax(mask ? add(scores, mask) : scores);
  return { weights, context: matmul(weights, values) };
}

/**
 * The value of one position of each row, drawn from the softmax of scores `[B, S]` in training, else the likeliest; or the mean of
 * all, where the memory says so.
 */
function lookAtOne(
  scores: Tensor,
  weights: Tensor,
  { values, single }: AttentionMemory,
  mode: Context,
): Pick<AttentionStep, 'context' | 'drawn'> {
  const { device } = scores;
  const [B, S, D] = values.shape;
  const position = device.withoutGradients(() => (mode.training ? drawIds(scores, mode.random) : argmax(scores)));
  const chosen = embedding(device.tensor(identity(S), [S, S]), position); // [B, S]
  const shares = single ? select(reshape(single, [B, 1]), chosen, weights) : chosen;
  const context = reshape(matmul(reshape(shares, [B, 1, S]), values), [B, D]);
  if (!mode.training) return { context, drawn: null };
  // A weight of 0 has no part in the entropy, and its log none in the sum.
  const logs = select(greater(weights, 0), logSoftmax(scores), 0);
  const logProbability = sum(mul(chosen, logs), { axes: -1 });
  const entropy = neg(sum(mul(weights, logs), { axes: -1 }));
  // Where nothing is drawn there is nothing to reinforce.
  return { context, drawn: { logProbability: single ? mul(logProbability, single) : logProbability, entropy } };
}

const identity = (n: number): Float64Array => Float64Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0));

/**
 * Σ_s min(weight_s, coverage_s) for each row (See 2017): the coverage loss. weights and coverage `[B, S]` →
 * `[B]`; coverage is that before the step.
 */
export function coverageLoss(weights: Tensor, coverage: Tensor): Tensor {
  return sum(minimum(weights, coverage), { axes: -1 });
}
