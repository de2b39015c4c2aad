import { flag, number } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { add, batchNorm, div, layerNorm, mul, sqrt, square, sub, sum, transpose } from '../../ops/index.ts';
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

export type LayerNormalizationOptions = ScaleOptions;

export class LayerNormalization extends KerasLayer {
  readonly config: { readonly layer: 'layerNormalization' } & LayerNormalizationOptions;
  override readonly maskUse = 'pass';
  #gamma: Weight | null = null;
  #beta: Weight | null = null;

  constructor(options: LayerNormalizationOptions = {}) {
    super();
    this.config = layerConfig('layerNormalization', options, scaleKinds);
  }

  override build([shape]: readonly Shape[]): void {
    const { center = true, scale = true, axis = -1 } = this.config;
    if (axis !== -1 && axis !== shape.length - 1) {
      throw new ConfigError(
        `${this.name}: it normalises over the last axis, received axis ${axis}; permute the input`,
        { axis },
      );
    }
    const width = [lastExtent(this.name, shape)];
    this.#gamma = scale ? this.addWeight('gamma', width, gammaWeight(this.config)) : null;
    this.#beta = center ? this.addWeight('beta', width, betaWeight(this.config)) : null;
  }

  call([x]: readonly Tensor[]): Tensor {
    return layerNorm(x, this.#gamma?.value ?? null, this.#beta?.value ?? null, this.config.epsilon ?? 1e-3);
  }
}

/** Layer normalisation (Ba 2016) over the last axis. Weights: `gamma`, `beta`. Passes a mask on. */
export const layerNormalization = (options: LayerNormalizationOptions = {}): LayerNormalization =>
  new LayerNormalization(options);
