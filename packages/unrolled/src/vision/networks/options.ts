import { count, type Kinds, number, rate, required, whole } from '../../checks.ts';
import type { LayerConfig } from '../../nn/layer.ts';
import type { BatchNormOptions } from '../../nn/vision/batch-norm.ts';

export interface NetworkOptions {
  /** K, the number of labels. */
  readonly classes: number;
  /** A factor for the number of channels of each layer. Default 1. */
  readonly width?: number | undefined;
  /**
   * Height and width of the images that the network is made for; smaller ones are reduced less often. Default: 28 for lenet, 32
   * for vgg-small and resnet20, 224 for the others.
   */
  readonly size?: number | undefined;
  /** Before the last layer. Default: that of the paper or of torchvision. */
  readonly dropout?: number | undefined;
  /** MobileNets only: 'same' pads images as TensorFlow does. Default 'symmetric', as torchvision. */
  readonly padding?: 'symmetric' | 'same' | undefined;
  /** Options of all batch norms. MobileNets only: false for none, where they were folded into the convolutions. */
  readonly batchNorm?: BatchNormOptions | false | undefined;
}

/** The options as a network takes them, with the defaults that all have. */
export type Options = Omit<NetworkOptions, 'width'> & { readonly width: number };

export const optionKinds: Kinds<NetworkOptions> = {
  classes: required(count),
  width: number({ above: 0 }),
  size: whole({ from: 8 }),
  dropout: rate,
  padding: { must: "'symmetric' or 'same'", fits: (value) => value === 'symmetric' || value === 'same' },
  batchNorm: { must: 'options of batch norms, or false', fits: (value) => value === false || isObject(value) },
};

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

/** A network: layers by name in order, the last of which is the classifier. */
export interface NetworkConfig extends LayerConfig {
  readonly layer: 'sequential';
  readonly layers: Readonly<Record<string, LayerConfig>>;
}
