import { nearest, requireOptions, shown } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { lenet } from './lenet.ts';
import { mobilenetV1, mobilenetV2 } from './mobilenet.ts';
import { type NetworkConfig, type NetworkOptions, type Options, optionKinds } from './options.ts';
import { resnet, resnet20 } from './resnet.ts';
import { squeezenet } from './squeezenet.ts';
import { vgg, vggSmall } from './vgg.ts';
import { vitTiny } from './vit.ts';

const networks = {
  lenet,
  'vgg-small': vggSmall,
  vgg16: vgg([2, 2, 3, 3, 3]),
  vgg19: vgg([2, 2, 4, 4, 4]),
  resnet20: resnet20(null),
  'se-resnet20': resnet20(16),
  resnet18: resnet([2, 2, 2, 2], null),
  resnet34: resnet([3, 4, 6, 3], null),
  'se-resnet18': resnet([2, 2, 2, 2], 16),
  'mobilenet-v1': mobilenetV1,
  'mobilenet-v2': mobilenetV2(null),
  'se-mobilenet-v2': mobilenetV2(16),
  'squeezenet-1.1': squeezenet,
  'vit-tiny': vitTiny,
} satisfies Readonly<Record<string, (options: Options) => NetworkConfig>>;

export type NetworkName = keyof typeof networks;

/** All networks that `networkConfig` makes. */
export const networkNames = Object.keys(networks) as readonly NetworkName[];

/**
 * A network for images as a plain configuration, from which `layerFrom` makes it. The number of its input channels is that of
 * the images it is built for.
 *
 * | name | | paper |
 * |---|---|---|
 * | lenet | 28 × 28 in grey | LeCun 1998 |
 * | vgg-small | six convolutions, for 32 × 32 | |
 * | vgg16, vgg19 | | Simonyan & Zisserman 2015 |
 * | resnet20, se-resnet20 | for 32 × 32 | He 2016, Hu 2018 |
 * | resnet18, resnet34, se-resnet18 | | He 2016, Hu 2018 |
 * | mobilenet-v1 | | Howard 2017 |
 * | mobilenet-v2, se-mobilenet-v2 | | Sandler 2018, Hu 2018 |
 * | squeezenet-1.1 | | Iandola 2016 |
 * | vit-tiny | a Transformer over patches | Dosovitskiy 2021 |
 *
 * Parameters have torchvision's names where it has the network. `se-`: with squeeze and excitation in each block.
 * @throws ConfigError if there is no such network, or on an option that cannot work
 *
 * @example
 * const network = layerFrom(networkConfig('resnet20', { classes: 10 }));
 * const parameters = initialiseParameters(network, [-1, 32, 32, 3], device, 1);
 */
export function networkConfig(name: NetworkName, options: NetworkOptions): NetworkConfig {
  if (!Object.hasOwn(networks, name)) {
    const near = nearest(String(name), networkNames);
    throw new ConfigError(
      `networkConfig: there is no network ${shown(name)}${near ? `; did you mean '${near}'?` : ''}; use ${networkNames.join(', ')}`,
      { name, known: networkNames },
    );
  }
  requireOptions(`networkConfig '${name}'`, options, optionKinds);
  return networks[name]({ ...options, width: options.width ?? 1 });
}

/** Height, width and channels of the images that a network is for, where nothing else is said. */
export function usualInput(name: NetworkName): readonly [height: number, width: number, channels: number] {
  if (name === 'lenet') return [28, 28, 1];
  return name === 'vgg-small' || name.endsWith('resnet20') ? [32, 32, 3] : [224, 224, 3];
}
