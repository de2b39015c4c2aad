import { flag, type Kind, number } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { add, batchNorm, div, layerNorm, mul, reshape, sqrt, square, sub, sum, transpose } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Constraint } from '../constraints.ts';
import type { Initializer } from '../initializers.ts';
import { type CallContext, type CommonOptions, KerasLayer, lastExtent, layerConfig } from '../layer.ts';
import type { Regularizer } from '../regularizers.ts';
import type { Weight } from '../weight.ts';
import { constraintKind, initializerKind, regularizerKind } from './options.ts';

interface ScaleOptions extends CommonOptions {
  /** Default −1: the last, channels or features. */
  readonly axis?: number | undefined;
  /** ε. Default 0.001. */
  readonly epsilon?: number | undefined;
  /** Whether there is β. Default true. */
  readonly center?: boolean | undefined;
  /** Whether there is γ. Default true. */
  readonly scale?: boolean | undefined;
  readonly betaInitializer?: Initializer | undefined;
  readonly gammaInitializer?: Initializer | undefined;
  readonly betaRegularizer?: Regularizer | null | undefined;
  readonly gammaRegularizer?: Regularizer | null | undefined;
  readonly betaConstraint?: Constraint | null | undefined;
  readonly gammaConstraint?: Constraint | null | undefined;
}

const scaleKinds = {
  axis: { must: 'a whole number', fits: Number.isInteger },
  epsilon: number({ from: 0 }),
  center: flag,
  scale: flag,
  betaInitializer: initializerKind,
  gammaInitializer: initializerKind,
  betaRegularizer: regularizerKind,
  gammaRegularizer: regularizerKind,
  betaConstraint: constraintKind,
  gammaConstraint: constraintKind,
};

const gammaWeight = (config: ScaleOptions) => ({
  initializer: config.gammaInitializer ?? ('ones' as const),
  regularizer: config.gammaRegularizer,
  constraint: config.gammaConstraint,
});
const betaWeight = (config: ScaleOptions) => ({
  initializer: config.betaInitializer ?? ('zeros' as const),
  regularizer: config.betaRegularizer,
  constraint: config.betaConstraint,
});

export interface BatchNormalizationOptions extends ScaleOptions {
  /** m: running ← m·running + (1 − m)·batch. Default 0.99. */
  readonly momentum?: number | undefined;
  readonly movingMeanInitializer?: Initializer | undefined;
  readonly movingVarianceInitializer?: Initializer | undefined;
}

export class BatchNormalization extends KerasLayer {
  readonly config: { readonly layer: 'batchNormalization' } & BatchNormalizationOptions;
  override readonly maskUse = 'pass';
  #gamma: Weight | null = null;
  #beta: Weight | null = null;
  #mean!: Weight;
  #variance!: Weight;

  constructor(options: BatchNormalizationOptions = {}) {
    super();
    this.config = layerConfig('batchNormalization', options, {
      ...scaleKinds,
      momentum: number({ from: 0, to: 1 }),
      movingMeanInitializer: initializerKind,
      movingVarianceInitializer: initializerKind,
    });
  }

  #axis(rank: number): number {
    const { axis = -1 } = this.config;
    const from = axis < 0 ? axis + rank : axis;
    if (from >= 1 && from < rank) return from;
    throw new ConfigError(`${this.name}: axis ${axis} is none of an input of ${rank} axes, the batch excluded`, {
      axis,
      rank,
    });
  }

  override build([shape]: readonly Shape[]): void {
    const axis = this.#axis(shape.length);
    const {
      center = true,
      scale = true,
      movingMeanInitializer = 'zeros',
      movingVarianceInitializer = 'ones',
    } = this.config;
    const width = [lastExtent(this.name, [shape[axis]])];
    this.#gamma = scale ? this.addWeight('gamma', width, gammaWeight(this.config)) : null;
    this.#beta = center ? this.addWeight('beta', width, betaWeight(this.config)) : null;
    this.#mean = this.addWeight('movingMean', width, { initializer: movingMeanInitializer, trainable: false });
    this.#variance = this.addWeight('movingVariance', width, {
      initializer: movingVarianceInitializer,
      trainable: false,
    });
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    const axis = this.#axis(x.rank);
    if (axis === x.rank - 1) return this.#normalize(x, context);
    const order = x.shape.map((_, i) => i).filter((i) => i !== axis);
    const moved = transpose(x, [...order, axis]);
    const y = this.#normalize(moved, context);
    return transpose(
      y,
      x.shape.map((_, i) => [...order, axis].indexOf(i)),
    );
  }

  /** A frozen layer keeps its statistics, as Keras' does. */
  #normalize(x: Tensor, context: CallContext): Tensor {
    const { epsilon = 1e-3, momentum = 0.99 } = this.config;
    const [gamma, beta] = [this.#gamma?.value ?? null, this.#beta?.value ?? null];
    if (!context.training || !this.trainable) {
      const inverse = sqrt(add(this.#variance.value, epsilon));
      const factor = gamma ? div(gamma, inverse) : div(1, inverse);
      const y = mul(sub(x, this.#mean.value), factor);
      return beta ? add(y, beta) : y;
    }
    const mask = context.masks[0] ?? null;
    const batch =
      mask && !mask.full && x.rank === 3
        ? maskedNorm(x, mask.values, { gamma, beta, epsilon })
        : batchNorm(x, gamma, beta, { epsilon });
    follow(this.#mean, batch.mean, momentum);
    follow(this.#variance, batch.variance, momentum);
    return batch.y;
  }
}

function follow({ parameter }: Weight, batch: Tensor, momentum: number): void {
  parameter.assign(add(mul(parameter.value.detach(), momentum), mul(batch.detach(), 1 - momentum)));
}

/** Statistics of the steps that count alone. */
function maskedNorm(
  x: Tensor,
  counts: Uint8Array,
  { gamma, beta, epsilon }: { gamma: Tensor | null; beta: Tensor | null; epsilon: number },
): { y: Tensor; mean: Tensor; variance: Tensor } {
  const [B, T] = x.shape;
  const shares = x.device.tensor(Float64Array.from(counts), [B, T, 1]);
  const total = Math.max(
    1,
    counts.reduce((all, one) => all + one, 0),
  );
  const average = (values: Tensor): Tensor => mul(sum(mul(values, shares), { axes: [0, 1] }), 1 / total);
  const center = average(x);
  const distance = sub(x, center);
  const variance = average(square(distance));
  const unit = div(distance, sqrt(add(variance, epsilon)));
  const scaled = gamma ? mul(unit, gamma) : unit;
  return { y: beta ? add(scaled, beta) : scaled, mean: center, variance };
}

/**
 * Batch normalisation (Ioffe & Szegedy 2015) along an axis: y = γ ⊙ (x − μ)/√(σ² + ε) + β, with the batch's mean and (biased)
 * variance in training, over the steps that the mask counts, and the moving ones otherwise. Weights: `gamma`, `beta`,
 * `movingMean`, `movingVariance`. Passes a mask on.
 */
export const batchNormalization = (options: BatchNormalizationOptions = {}): BatchNormalization =>
  new BatchNormalization(options);

export interface LayerNormalizationOptions extends Omit<ScaleOptions, 'axis'> {
  /** The axis, or several that are normalised together. Default −1: the last. */
  readonly axis?: number | readonly number[] | undefined;
}

/**
 * The axes that a layer normalises over, counted from 0, in ascending order.
 * @throws ConfigError if one is not there, is the batch, or comes twice
 */
export function normalizedAxes(layer: string, axis: number | readonly number[], rank: number): number[] {
  const given = typeof axis === 'number' ? [axis] : axis;
  const axes = given.map((one) => (one < 0 ? one + rank : one)).sort((a, b) => a - b);
  if (axes.length > 0 && axes.every((one, i) => one >= 1 && one < rank && one !== axes[i - 1])) return axes;
  throw new ConfigError(
    `${layer}: axis ${JSON.stringify(axis)} does not name axes of an input of ${rank} axes, the batch excluded`,
    { axis, rank },
  );
}

const axesKind: Kind = {
  must: 'a whole number, or a list of them',
  fits: (value) => [value].flat().every(Number.isInteger),
};

export class LayerNormalization extends KerasLayer {
  readonly config: { readonly layer: 'layerNormalization' } & LayerNormalizationOptions;
  override readonly maskUse = 'pass';
  #gamma: Weight | null = null;
  #beta: Weight | null = null;

  constructor(options: LayerNormalizationOptions = {}) {
    super();
    this.config = layerConfig('layerNormalization', options, { ...scaleKinds, axis: axesKind });
  }

  override build([shape]: readonly Shape[]): void {
    const { center = true, scale = true, axis = -1 } = this.config;
    normalizedAxes(this.name, axis, shape.length);
    // Keras gives the weights the extents in the order of the option.
    const extents = [axis].flat().map((one) => lastExtent(this.name, [shape.at(one)!]));
    const options = this.config as ScaleOptions;
    this.#gamma = scale ? this.addWeight('gamma', extents, gammaWeight(options)) : null;
    this.#beta = center ? this.addWeight('beta', extents, betaWeight(options)) : null;
  }

  call([x]: readonly Tensor[]): Tensor {
    const axes = normalizedAxes(this.name, this.config.axis ?? -1, x.rank);
    const flat = (weight: Weight | null): Tensor | null => weight && reshape(weight.value, [weight.size]);
    const normalized = (value: Tensor): Tensor =>
      layerNorm(value, flat(this.#gamma), flat(this.#beta), this.config.epsilon ?? 1e-3);
    if (axes[0] === x.rank - 1) return normalized(x);
    const order = [...x.shape.map((_, i) => i).filter((i) => !axes.includes(i)), ...axes];
    const moved = transpose(x, order);
    const width = axes.reduce((size, one) => size * x.shape[one], 1);
    const y = reshape(normalized(reshape(moved, [-1, width])), moved.shape);
    return transpose(
      y,
      order.map((_, i) => order.indexOf(i)),
    );
  }
}

/**
 * Layer normalisation (Ba 2016): y = γ ⊙ (x − μ)/√(σ² + ε) + β with mean and variance over the last axis, or over several
 * together. Weights: `gamma`, `beta`, of the extents of the axes. Passes a mask on; where time is among the axes, masked steps
 * count as any other, as in Keras.
 */
export const layerNormalization = (options: LayerNormalizationOptions = {}): LayerNormalization =>
  new LayerNormalization(options);
