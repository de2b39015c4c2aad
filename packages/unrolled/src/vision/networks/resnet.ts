import type { LayerConfig } from '../../nn/layer.ts';
import type { NetworkConfig, Options } from './options.ts';
import { batchNorm, conv, globalAveragePool, halvings, linear, maxPool, relu, scaled, sequence } from './parts.ts';

interface Stages {
  /** Blocks in each stage. */
  readonly blocks: readonly number[];
  /** Channels of the first stage; each further one has twice as many and half the rows and columns. */
  readonly channels: number;
  /** Reduction of a squeeze and excitation at the end of each block; null: none. */
  readonly squeezeExcite: number | null;
}

/** ResNet's block of two convolutions. @param reduction  of a squeeze and excitation; null: none */
export function residualBlock(
  channels: number,
  stride: number,
  project: boolean,
  norm: LayerConfig,
  reduction: number | null,
): LayerConfig {
  const layers = {
    conv1: conv(channels, 3, { stride, padding: 1, bias: false }),
    bn1: norm,
    relu,
    conv2: conv(channels, 3, { padding: 1, bias: false }),
    bn2: norm,
    ...(reduction !== null && { se: { layer: 'squeezeExcite', reduction } }),
  };
  const residual = {
    layer: 'residual',
    body: { layer: 'sequential', layers },
    ...(project && { shortcut: sequence(conv(channels, 1, { stride, bias: false }), norm) }),
    activation: 'relu',
    names: { body: '', shortcut: 'downsample' },
  };
  return residual;
}

/** The stages of blocks, by torchvision's names. @param width  of the input */
function stages({ blocks, channels, squeezeExcite }: Stages, norm: LayerConfig): Record<string, LayerConfig> {
  const entries = blocks.map((count, i) => {
    const stage = Array.from({ length: count }, (_, n) => {
      const first = i > 0 && n === 0;
      return residualBlock(channels * 2 ** i, first ? 2 : 1, first, norm, squeezeExcite);
    });
    return [`layer${i + 1}`, sequence(...stage)] as const;
  });
  return Object.fromEntries(entries);
}

const normOf = ({ batchNorm: norm }: Options): LayerConfig => batchNorm(norm === false ? {} : norm);
const head = (classes: number) => ({ avgpool: globalAveragePool, fc: linear(classes) });

/**
 * ResNet-20 for 32 × 32 (He 2016, section 4.2): a convolution and three stages of three blocks with 16, 32 and 64 channels. Where
 * the number of channels changes, the shortcut is a convolution of 1 × 1 with batch norm (option B). Parameters:
 * `conv1.weight`, `bn1.weight`, …, `layer1.0.conv1.weight`, …, `layer2.0.downsample.0.weight`, …, `fc.weight`.
 */
export const resnet20 =
  (squeezeExcite: number | null) =>
  (options: Options): NetworkConfig => {
    const [channels, norm] = [scaled(16, options.width), normOf(options)];
    return {
      layer: 'sequential',
      layers: {
        ...{ conv1: conv(channels, 3, { padding: 1, bias: false }), bn1: norm, relu },
        ...stages({ blocks: [3, 3, 3], channels, squeezeExcite }, norm),
        ...head(options.classes),
      },
    };
  };

/**
 * ResNet-18 and ResNet-34 (He 2016) as torchvision's. For images below 96 × 96 the first convolution is one of 3 × 3 with a
 * stride of 1, without pooling.
 */
export const resnet =
  (blocks: readonly number[], squeezeExcite: number | null) =>
  (options: Options): NetworkConfig => {
    const [channels, norm] = [scaled(64, options.width), normOf(options)];
    const small = halvings(options.size ?? 224) < 5;
    const first = small
      ? conv(channels, 3, { padding: 1, bias: false })
      : conv(channels, 7, { stride: 2, padding: 3, bias: false });
    return {
      layer: 'sequential',
      layers: {
        ...{ conv1: first, bn1: norm, relu },
        ...(!small && { maxpool: maxPool(3, { stride: 2, padding: 1 }) }),
        ...stages({ blocks, channels, squeezeExcite }, norm),
        ...head(options.classes),
      },
    };
  };
