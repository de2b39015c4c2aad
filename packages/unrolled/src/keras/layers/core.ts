import { number, required } from '../../checks.ts';
import { add, greaterEqual, maximum, minimum, mul, dropout as opDropout, scale, select, sub } from '../../ops/index.ts';
import type { Random } from '../../random.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type ActivationName, activate, activationKind } from '../activations.ts';
import type { Constraint } from '../constraints.ts';
import type { Initializer } from '../initializers.ts';
import { type CallContext, type CommonOptions, KerasLayer, layerConfig } from '../layer.ts';
import { Mask } from '../mask.ts';
import { numbersOf, reshapedNumbers } from '../numbers.ts';
import type { Regularizer } from '../regularizers.ts';
import type { Weight } from '../weight.ts';
import { addActivityLoss } from './dense.ts';
import { constraintKind, initializerKind, regularizerKind } from './options.ts';

const share = number({ from: 0, below: 1 });

export interface ActivationOptions extends CommonOptions {
  readonly activation: ActivationName;
}

export class Activation extends KerasLayer {
  readonly config: { readonly layer: 'activation' } & ActivationOptions;
  override readonly maskUse = 'pass';

  constructor(options: ActivationOptions) {
    super();
    this.config = layerConfig('activation', options, { activation: required(activationKind) });
  }

  call([x]: readonly Tensor[]): Tensor {
    return activate(x, this.config.activation);
  }
}

/** y = φ(x). Passes a mask on. */
export const activation = (options: ActivationOptions): Activation => new Activation(options);

export interface ReluOptions extends CommonOptions {
  /** The greatest output. Default: none. */
  readonly maxValue?: number | undefined;
  /** The factor below the threshold. Default 0. */
  readonly negativeSlope?: number | undefined;
  /** Default 0. */
  readonly threshold?: number | undefined;
}

export class Relu extends KerasLayer {
  readonly config: { readonly layer: 'relu' } & ReluOptions;
  override readonly maskUse = 'pass';

  constructor(options: ReluOptions = {}) {
    super();
    const positive = number({ from: 0 });
    this.config = layerConfig('relu', options, { maxValue: positive, negativeSlope: positive, threshold: positive });
  }

  call([x]: readonly Tensor[]): Tensor {
    const { maxValue, negativeSlope = 0, threshold = 0 } = this.config;
    const above = maxValue === undefined ? x : minimum(x, maxValue);
    return select(greaterEqual(x, threshold), above, scale(sub(x, threshold), negativeSlope));
  }
}

/** The ReLU with a slope, a threshold and a greatest value. Passes a mask on. */
export const relu = (options: ReluOptions = {}): Relu => new Relu(options);

/** max(x, 0) + slope·min(x, 0), of slope `negativeSlope`, default 0.3. */
export const leakyRelu = (options: CommonOptions & { readonly negativeSlope?: number | undefined } = {}): Relu =>
  new Relu({ negativeSlope: 0.3, ...options });

export interface PreluOptions extends CommonOptions {
  /** Default 'zeros'. */
  readonly alphaInitializer?: Initializer | undefined;
  readonly alphaRegularizer?: Regularizer | null | undefined;
  readonly alphaConstraint?: Constraint | null | undefined;
  /** Axes along which slopes are shared, from 1. Default: none. */
  readonly sharedAxes?: readonly number[] | undefined;
}

export class Prelu extends KerasLayer {
  readonly config: { readonly layer: 'prelu' } & PreluOptions;
  override readonly maskUse = 'pass';
  #alpha!: Weight;

  constructor(options: PreluOptions = {}) {
    super();
    this.config = layerConfig('prelu', options, {
      alphaInitializer: initializerKind,
      alphaRegularizer: regularizerKind,
      alphaConstraint: constraintKind,
      sharedAxes: {
        must: 'a list of axes from 1',
        fits: (value) => Array.isArray(value) && value.every((n) => n >= 1),
      },
    });
  }

  override build([shape]: readonly Shape[]): void {
    const { sharedAxes = [], alphaInitializer = 'zeros', alphaRegularizer, alphaConstraint } = this.config;
    const extents = shape.slice(1).map((extent, i) => (sharedAxes.includes(i + 1) ? 1 : extent));
    this.#alpha = this.addWeight('alpha', extents, {
      initializer: alphaInitializer,
      regularizer: alphaRegularizer,
      constraint: alphaConstraint,
    });
  }

  call([x]: readonly Tensor[]): Tensor {
    return add(maximum(x, 0), mul(minimum(x, 0), this.#alpha.value));
  }
}

/** max(x, 0) + α ⊙ min(x, 0) with trainable slopes (He 2015). Weight: `alpha`. Passes a mask on. */
export const prelu = (options: PreluOptions = {}): Prelu => new Prelu(options);

export class Softmax extends KerasLayer {
  readonly config: { readonly layer: 'softmax' } & CommonOptions;
  override readonly maskUse = 'pass';

  constructor(options: CommonOptions = {}) {
    super();
    this.config = layerConfig('softmax', options, {});
  }

  call([x]: readonly Tensor[]): Tensor {
    return activate(x, 'softmax');
  }
}

/** Softmax over the last axis. Passes a mask on. */
export const softmax = (options: CommonOptions = {}): Softmax => new Softmax(options);

export interface DropoutOptions extends CommonOptions {
  /** The share that becomes 0, in [0, 1). */
  readonly rate: number;
  /** The shape of what is drawn, batch first; extents of 1 share a draw, null stands for the input's. Default: the input's. */
  readonly noiseShape?: readonly (number | null)[] | undefined;
}

const noiseShape = {
  must: 'extents, or null for those of the input',
  fits: (value: unknown): boolean => Array.isArray(value) && value.every((n) => n === null || Number.isInteger(n)),
};

export class Dropout extends KerasLayer {
  readonly config: { readonly layer: 'dropout' } & DropoutOptions;
  override readonly maskUse = 'pass';

  constructor(options: DropoutOptions) {
    super();
    this.config = layerConfig('dropout', options, { rate: required(share), noiseShape });
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    const { rate, noiseShape } = this.config;
    if (!context.training || rate === 0) return x;
    if (!noiseShape) return opDropout(x, rate, context.random);
    return dropShared(
      x,
      rate,
      noiseShape.map((extent, i) => extent ?? x.shape[i]),
      context.random,
    );
  }
}

const dropShared = (x: Tensor, rate: number, shape: Shape, random: Random): Tensor =>
  mul(x, opDropout(x.device.ones(shape), rate, random));

/** Dropout (Srivastava 2014) in training: each number becomes 0 with probability `rate`, the others are divided by 1 − rate. */
export const dropout = (options: DropoutOptions): Dropout => new Dropout(options);

export interface RateOptions extends CommonOptions {
  /** In [0, 1). */
  readonly rate: number;
}

export class SpatialDropout extends KerasLayer {
  readonly config: { readonly layer: 'spatialDropout' } & RateOptions;
  override readonly maskUse = 'pass';

  constructor(options: RateOptions) {
    super();
    this.config = layerConfig('spatialDropout', options, { rate: required(share) });
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    const { rate } = this.config;
    if (!context.training || rate === 0) return x;
    const ends = x.shape.map((extent, axis) => (axis === 0 || axis === x.rank - 1 ? extent : 1));
    return dropShared(x, rate, ends, context.random);
  }
}

/** Dropout of whole channels: Keras' SpatialDropout1D and SpatialDropout2D, by the rank of the input. */
export const spatialDropout = (options: RateOptions): SpatialDropout => new SpatialDropout(options);

/** Standard normal numbers of a shape. */
function noise(x: Tensor, random: Random): Tensor {
  return x.device.tensor(
    Float64Array.from({ length: x.size }, () => random.normal()),
    x.shape,
  );
}

export class GaussianNoise extends KerasLayer {
  readonly config: { readonly layer: 'gaussianNoise' } & CommonOptions & { readonly stddev: number };
  override readonly maskUse = 'pass';

  constructor(options: CommonOptions & { readonly stddev: number }) {
    super();
    this.config = layerConfig('gaussianNoise', options, { stddev: required(number({ from: 0 })) });
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    return context.training ? add(x, scale(noise(x, context.random), this.config.stddev)) : x;
  }
}

/** Adds N(0, stddev²) in training. */
export const gaussianNoise = (options: CommonOptions & { readonly stddev: number }): GaussianNoise =>
  new GaussianNoise(options);

export class GaussianDropout extends KerasLayer {
  readonly config: { readonly layer: 'gaussianDropout' } & RateOptions;
  override readonly maskUse = 'pass';

  constructor(options: RateOptions) {
    super();
    this.config = layerConfig('gaussianDropout', options, { rate: required(share) });
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    const { rate } = this.config;
    if (!context.training || rate === 0) return x;
    return mul(x, add(scale(noise(x, context.random), Math.sqrt(rate / (1 - rate))), 1));
  }
}

/** Multiplies by N(1, rate/(1 − rate)) in training. */
export const gaussianDropout = (options: RateOptions): GaussianDropout => new GaussianDropout(options);

export class AlphaDropout extends KerasLayer {
  readonly config: { readonly layer: 'alphaDropout' } & RateOptions;
  override readonly maskUse = 'pass';

  constructor(options: RateOptions) {
    super();
    this.config = layerConfig('alphaDropout', options, { rate: required(share) });
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    const { rate } = this.config;
    if (!context.training || rate === 0) return x;
    const low = -1.0507009873554805 * 1.6732632423543772;
    const a = ((1 - rate) * (1 + rate * low ** 2)) ** -0.5;
    const kept = opDropout(x.device.ones(x.shape), rate, context.random);
    return add(scale(select(kept, x, low), a), -a * low * rate);
  }
}

/** Dropout that keeps mean and variance of the outputs of selu (Klambauer 2017). */
export const alphaDropout = (options: RateOptions): AlphaDropout => new AlphaDropout(options);

export interface ActivityRegularizationOptions extends CommonOptions {
  /** λ₁ of Σ|x| and λ₂ of Σx², over the batch size. Defaults 0. */
  readonly l1?: number | undefined;
  readonly l2?: number | undefined;
}

export class ActivityRegularization extends KerasLayer {
  readonly config: { readonly layer: 'activityRegularization' } & ActivityRegularizationOptions;
  override readonly maskUse = 'pass';

  constructor(options: ActivityRegularizationOptions) {
    super();
    this.config = layerConfig('activityRegularization', options, { l1: number({ from: 0 }), l2: number({ from: 0 }) });
  }

  call([x]: readonly Tensor[], context: CallContext): Tensor {
    const { l1 = 0, l2 = 0 } = this.config;
    addActivityLoss(x, { name: 'l1l2', l1, l2 }, context);
    return x;
  }
}

/** Adds a penalty on its input to the loss. */
export const activityRegularization = (options: ActivityRegularizationOptions): ActivityRegularization =>
  new ActivityRegularization(options);

export interface MaskingOptions extends CommonOptions {
  /** Default 0. */
  readonly maskValue?: number | undefined;
}

export class Masking extends KerasLayer {
  readonly config: { readonly layer: 'masking' } & MaskingOptions;

  constructor(options: MaskingOptions = {}) {
    super();
    this.config = layerConfig('masking', options, { maskValue: number() });
  }

  call([x]: readonly Tensor[]): Tensor {
    const mask = this.#maskOf(x);
    if (mask.full) return x;
    const counts = x.device.tensor(Float64Array.from(mask.values), [
      mask.rows,
      mask.steps,
      ...x.shape.slice(2).map(() => 1),
    ]);
    // Keras sets masked steps to 0.
    return reshapedNumbers(x, select(counts, x, 0));
  }

  override computeMask(_masks: readonly (Mask | null)[], [x]: readonly Tensor[]): readonly (Mask | null)[] {
    return [this.#maskOf(x)];
  }

  #maskOf(x: Tensor): Mask {
    const { maskValue = 0 } = this.config;
    const [B, T] = x.shape;
    const numbers = numbersOf('masking', x);
    const width = x.size / Math.max(1, B * T);
    return Mask.of(B, T, (b, t) => {
      const start = (b * T + t) * width;
      for (let i = start; i < start + width; i++) if (numbers[i] !== maskValue) return true;
      return false;
    });
  }
}

/** Masks the steps of `[B, T, …]` whose features are all `maskValue`. */
export const masking = (options: MaskingOptions = {}): Masking => new Masking(options);
