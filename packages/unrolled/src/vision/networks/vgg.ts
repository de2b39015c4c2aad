import type { LayerConfig } from '../../nn/layer.ts';
import type { NetworkConfig, Options } from './options.ts';
import {
  batchNorm,
  conv,
  dropout,
  flatten,
  globalAveragePool,
  linear,
  maxPool,
  relu,
  scaled,
  sequence,
} from './parts.ts';

/** Stages of 3 × 3 convolutions with relu, each followed by pooling to half the size. */
const features = (stages: readonly (readonly number[])[], norm: readonly LayerConfig[]): LayerConfig =>
  sequence(
    ...stages.flatMap((channels) => [
      ...channels.flatMap((O) => [conv(O, 3, { padding: 1, bias: norm.length === 0 }), ...norm, relu]),
      maxPool(2),
    ]),
  );

/**
 * A small VGG for 32 × 32 (after Simonyan & Zisserman 2015): six convolutions of 3 × 3 with batch norm in three stages of 64, 128
 * and 256 channels, the mean over all places, and one linear layer. Parameters: `features.0.weight`, …, `classifier.weight`.
 */
export const vggSmall = ({ classes, width, dropout: rate = 0.2, batchNorm: norm }: Options): NetworkConfig => ({
  layer: 'sequential',
  layers: {
    features: features(
      [64, 128, 256].map((channels) => [scaled(channels, width), scaled(channels, width)]),
      norm === false ? [] : [batchNorm(norm)],
    ),
    pool: globalAveragePool,
    dropout: dropout(rate),
    classifier: linear(classes),
  },
});

/** VGG-16 and VGG-19 (Simonyan & Zisserman 2015) as torchvision's, for 224 × 224. Parameters: `features.0.weight`, …, `classifier.6.bias`. */
export const vgg =
  (repeats: readonly number[]) =>
  ({ classes, width, dropout: rate = 0.5 }: Options): NetworkConfig => {
    const stages = repeats.map((n, i) => Array<number>(n).fill(scaled(Math.min(512, 64 * 2 ** i), width)));
    const [hidden, off] = [scaled(4096, width), dropout(rate)];
    return {
      layer: 'sequential',
      layers: {
        features: features(stages, []),
        flatten,
        classifier: sequence(linear(hidden), relu, off, linear(hidden), relu, off, linear(classes)),
      },
    };
  };
