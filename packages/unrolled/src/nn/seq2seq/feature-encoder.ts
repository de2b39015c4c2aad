import { anything, count, flag, oneOf, rate, required, whole } from '../../checks.ts';
import { ConfigError, ShapeError } from '../../errors.ts';
import { div, mean, sub, tanh } from '../../ops/index.ts';
import { formatShape, type Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import type { Cell } from '../cells/cell.ts';
import { type CellSource, createCell } from '../cells/registry.ts';
import { shapeDevice } from '../cells/shape-device.ts';
import { Dropout } from '../dropout.ts';
import type { Context, Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import { Linear } from '../linear.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import { type Encoded, type EncodedShapes, shapesOf } from './encoded.ts';

export const conditionings = ['memory', 'first', 'constant'] as const;

/**
 * How a decoder comes to know an image.
 *
 * - memory: attention looks at its L places, and the initial state is a linear map of their mean (Xu 2015).
 * - first: the mean is the decoder's first input, before that of the first token (Vinyals 2015).
 * - constant: the mean is part of every input: h = tanh(W_xh x + W_hh h + W_ih v), and likewise in other cells
 *   (Karpathy & Fei-Fei 2015).
 */
export type Conditioning = (typeof conditionings)[number];

export interface FeatureEncoderOptions {
  /** Default 'memory'. */
  readonly conditioning?: Conditioning | undefined;
  /** U, to which each place's features are mapped. Default: they stay as they are. */
  readonly units?: number | undefined;
  /** The decoder's cell, hidden units and number of layers, for which the encoder makes a state. */
  readonly cell: CellSource;
  readonly hidden: number;
  readonly layers: number;
  /** E, the dimension of the decoder's embeddings; 'first' needs it. */
  readonly dimension: number;
  /** Dropout rate of the features. Default 0. */
  readonly dropout?: number | undefined;
  /** Subtract the buffer `mean` from the features and divide them by `deviation`; see `setStatistics`. Default false. */
  readonly standardise?: boolean | undefined;
  /** Whether there is no state for a decoder to begin with, as a Transformer needs none; with conditioning 'memory'. Default false. */
  readonly stateless?: boolean | undefined;
}

interface Parts {
  readonly statistics: { readonly mean: Parameter; readonly deviation: Parameter } | null;
  readonly map: Linear | null;
  readonly first: Linear | null;
  /** For 'memory': a map of the mean for each part of each layer's state. */
  readonly begin: readonly Readonly<Record<string, Linear>>[];
}

/**
 * Passes features of images, such as those of a convolutional network at L places, `[L, B, D]`, to a decoder in one of several
 * ways; see `Conditioning`. Parameters: `map.weight` [U, D], `map.bias`; for 'memory' `begin.h_l0.weight` [H, U] … of
 * h₀ = tanh(W v̄ + b), for 'first' `first.weight` [E, U], `first.bias`; buffers `mean` and `deviation` [D].
 */
export class FeatureEncoder extends Buildable<Parts> implements Layer<Tensor, Encoded, Shape, EncodedShapes> {
  readonly config: { readonly layer: 'featureEncoder' } & FeatureEncoderOptions;
  readonly #dropout: Dropout;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: FeatureEncoderOptions) {
    super();
    this.config = layerConfig('featureEncoder', options, {
      conditioning: oneOf(conditionings),
      units: count,
      cell: required(anything),
      hidden: required(count),
      // Each has a state before anything is known of its parameters.
      layers: required(whole({ from: 1, to: 1000 })),
      dimension: required(count),
      dropout: rate,
      standardise: flag,
      stateless: flag,
    });
    this.#dropout = new Dropout({ rate: options.dropout ?? 0 });
  }

  build(features: Shape, declarations: Declarations): EncodedShapes {
    const { conditioning = 'memory', units, dimension, layers, standardise, stateless = false } = this.config;
    const [, B, D] = features;
    const statistics = standardise
      ? {
          mean: declarations.buffer('mean', [D]),
          deviation: declarations.buffer('deviation', [D], { kind: 'constant', value: 1 }),
        }
      : null;
    const map = units === undefined ? null : new Linear({ units });
    const memory = map ? map.build(features, declarations.within('map')) : features;
    const mapped = [B, units ?? D];
    const first = conditioning === 'first' ? new Linear({ units: dimension }) : null;
    first?.build(mapped, declarations.within('first'));
    // For one row, as the decoder's own.
    const cells = stateless ? 0 : layers;
    const state = shapesOf(Array.from({ length: cells }, () => this.#cell().initialState(1, shapeDevice())));
    const begin =
      conditioning !== 'memory'
        ? []
        : state.map((parts, layer) =>
            Object.fromEntries(
              Object.entries(parts).map(([name, shape]) => {
                const part = new Linear({ units: shape.at(-1)! });
                part.build(mapped, declarations.within('begin').within(`${name}_l${layer}`));
                return [name, part];
              }),
            ),
          );
    this.parts = { statistics, map, first, begin };
    return { memory, state, constant: conditioning === 'constant' ? mapped : null };
  }

  /**
   * Sets the mean and the deviation of features, such as those of the training images.
   * @throws ConfigError without `standardise`; ShapeError if they are not D numbers
   */
  setStatistics(mean: Tensor, deviation: Tensor): void {
    const { statistics } = this.parts;
    if (!statistics) {
      throw new ConfigError('featureEncoder: it does not standardise; create it with standardise: true');
    }
    statistics.mean.assign(mean);
    statistics.deviation.assign(deviation);
  }

  /** @throws ShapeError if the features are not [L, B, D] */
  apply(features: Tensor, context: Context): Encoded {
    if (features.rank !== 3) {
      throw new ShapeError(
        `featureEncoder: needs features [L, B, D] of L places, received ${formatShape(features.shape)}`,
        { features: features.shape },
      );
    }
    const { conditioning = 'memory', layers } = this.config;
    const { statistics, map, first, begin } = this.parts;
    const standard = statistics ? div(sub(features, statistics.mean.value), statistics.deviation.value) : features;
    const dropped = this.#dropout.apply(standard, context);
    const memory = map ? map.apply(dropped) : dropped;
    const v = mean(memory, { axes: 0 }); // [B, U]
    const state =
      conditioning === 'memory'
        ? begin.map((parts) =>
            Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, tanh(part.apply(v))])),
          )
        : Array.from({ length: layers }, () => this.#cell().initialState(v.shape[0], v.device));
    return { memory, state, constant: conditioning === 'constant' ? v : null, first: first?.apply(v) ?? null };
  }

  #cell(): Cell {
    return createCell(this.config.cell, this.config.hidden);
  }
}
