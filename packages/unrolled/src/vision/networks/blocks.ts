import { count, type Kinds, oneOf, required, requireKind, requireOptions, whole } from '../../checks.ts';
import type { LayerConfig } from '../../nn/layer.ts';
import type { NetworkConfig } from './options.ts';
import { batchNorm, conv, depthwise, globalAveragePool, invertedResidual, linear, relu, sequence } from './parts.ts';
import { residualBlock } from './resnet.ts';

/**
 * Blocks of two convolutions of 3 × 3, or what takes their place at equal width, each with batch norm and relu: 'standard';
 * 'separable', both depthwise and then 1 × 1 (Howard 2017); 'residual', standard with a shortcut (He 2016); 'squeeze-excite', that
 * with squeeze and excitation (Hu 2018); 'inverted-residual' (Sandler 2018), with an expansion of 6 and relu6.
 */
export const blockKinds = ['standard', 'separable', 'residual', 'squeeze-excite', 'inverted-residual'] as const;
export type BlockKind = (typeof blockKinds)[number];

export interface BlockOptions {
  /** C, output channels. */
  readonly channels: number;
  /** Of the first convolution. Default 1. */
  readonly stride?: number | undefined;
  /** Whether the input has other channels than the output, or the stride is not 1: then shortcuts are projections. Default false. */
  readonly project?: boolean | undefined;
}

/** One block. @throws ConfigError if there is no such kind */
export function blockConfig(kind: BlockKind, { channels, stride = 1, project = false }: BlockOptions): LayerConfig {
  requireKind('blockConfig', 'kind', kind, oneOf(blockKinds));
  const norm = batchNorm();
  const plain = (step: number) => [conv(channels, 3, { stride: step, padding: 1, bias: false }), norm, relu];
  const filtered = (step: number) => [depthwise(3, { stride: step, padding: 1, bias: false }), norm, relu];
  const mixed = [conv(channels, 1, { bias: false }), norm, relu];
  switch (kind) {
    case 'standard':
      return sequence(...plain(stride), ...plain(1));
    case 'separable':
      return sequence(...filtered(stride), ...mixed, ...filtered(1), ...mixed);
    case 'residual':
      return residualBlock(channels, stride, project, norm, null);
    case 'squeeze-excite':
      return residualBlock(channels, stride, project, norm, 16);
    case 'inverted-residual':
      return invertedResidual({ channels, stride });
  }
}

export interface BlockNetworkOptions {
  /** K, the number of labels. */
  readonly classes: number;
  /** C, channels of the first stage; the second and third have 2C and 4C. Default 16. */
  readonly channels?: number | undefined;
  /** Blocks in each of the three stages. Default 3. */
  readonly blocks?: number | undefined;
}

const networkKinds: Kinds<BlockNetworkOptions> = {
  classes: required(count),
  channels: count,
  blocks: whole({ from: 1 }),
};

/**
 * A network for small images that consists of blocks of one kind, to compare kinds at equal width: a convolution of 3 × 3, three
 * stages, of which the second and third begin with a stride of 2, the mean over all places, and a linear layer. With
 * 'residual', 16 channels and three blocks it is ResNet-20.
 * @throws ConfigError if there is no such kind, or on an option that cannot work
 */
export function blockNetworkConfig(kind: BlockKind, options: BlockNetworkOptions): NetworkConfig {
  requireOptions('blockNetworkConfig', options, networkKinds);
  const { classes, channels = 16, blocks = 3 } = options;
  const stages = [1, 2, 4].map((factor, i) => {
    const block = (n: number): LayerConfig => {
      const project = i > 0 && n === 0;
      return blockConfig(kind, { channels: factor * channels, stride: project ? 2 : 1, project });
    };
    return [`layer${i + 1}`, sequence(...Array.from({ length: blocks }, (_, n) => block(n)))] as const;
  });
  return {
    layer: 'sequential',
    layers: {
      ...{ conv1: conv(channels, 3, { padding: 1, bias: false }), bn1: batchNorm(), relu },
      ...Object.fromEntries(stages),
      ...{ avgpool: globalAveragePool, fc: linear(classes) },
    },
  };
}
