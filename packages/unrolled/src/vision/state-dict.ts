import { shown } from '../checks.ts';
import { FormatError, UnrolledError } from '../errors.ts';
import { imageNetPreprocessing, type Preprocessing } from '../images/preprocessing.ts';
import type { NamedArray } from '../io/safetensors.ts';
import { Declarations } from '../nn/parameters.ts';
import { imageLayerFrom } from '../nn/vision/image-layers.ts';
import { formatShape, type Shape, sameShape } from '../shape.ts';
import type { ImageNetworkDescription } from './image-network.ts';
import { type NetworkName, networkConfig } from './networks/index.ts';
import type { NetworkConfig } from './networks/options.ts';

type Tensors = Readonly<Record<string, NamedArray>>;

/** Networks whose parameters torchvision names; the weight of the first layer and its channels at width 1, and of the last. */
const known: readonly {
  readonly name: NetworkName;
  readonly first: readonly [weight: string, channels: number];
  readonly last: string;
  /** Sizes of images that make different networks. */
  readonly sizes: readonly number[];
}[] = [
  ...(['resnet18', 'resnet34', 'se-resnet18'] as const).map((name) => ({
    name,
    first: ['conv1.weight', 64] as const,
    last: 'fc.weight',
    sizes: [224, 32],
  })),
  ...(['resnet20', 'se-resnet20'] as const).map((name) => ({
    name,
    first: ['conv1.weight', 16] as const,
    last: 'fc.weight',
    sizes: [32],
  })),
  { name: 'mobilenet-v2', first: ['features.0.0.weight', 32], last: 'classifier.1.weight', sizes: [224] },
  { name: 'squeezenet-1.1', first: ['features.0.weight', 64], last: 'classifier.1.weight', sizes: [224] },
  ...(['vgg16', 'vgg19'] as const).map((name) => ({
    name,
    first: ['features.0.weight', 64] as const,
    last: 'classifier.6.weight',
    sizes: [224],
  })),
];

/** Widths of the MobileNets that are published: rounding to 8 hides them in the numbers of channels. */
const widths = [0.1, 0.25, 0.35, 0.5, 0.75, 1, 1.3, 1.4];

interface Candidate {
  readonly name: NetworkName;
  readonly config: NetworkConfig;
  readonly preprocessing: Preprocessing;
  readonly problems: readonly string[];
}

/**
 * Recognises a state dict of torchvision, by the names and shapes of its tensors.
 * @returns the network, and its weights
 * @throws FormatError naming the network that fits best, and what is missing or does not fit
 */
export function fromStateDict(
  tensors: Tensors,
  unread: readonly string[],
): ImageNetworkDescription & { readonly parameters: Tensors } {
  const given = Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => !name.endsWith('num_batches_tracked'))
      // A model that was trained on several devices has a prefix.
      .map(([name, tensor]) => [name.replace(/^module\./, ''), tensor]),
  );
  const found = known.flatMap((network) => candidates(network, given));
  const [best] = found.sort((a, b) => a.problems.length - b.problems.length);
  if (best?.problems.length === 0) {
    const { config, preprocessing } = best;
    return { config, preprocessing, labels: null, parameters: given };
  }
  const names = Object.keys(given);
  const which =
    best === undefined || best.problems.length > names.length
      ? `its ${names.length} tensors (${names.slice(0, 5).map(shown).join(', ')}${names.length > 5 ? ', …' : ''}) are of no network ` +
        `that is known: ${[...new Set(known.map(({ name }) => name))].join(', ')}`
      : `it is most like ${best.name}, but ${some(best.problems)}`;
  const types = unread.length > 0 ? `; of types that are not read: ${some(unread)}` : '';
  throw new FormatError(`openImageNetwork: ${which}${types}`, { nearest: best?.name, problems: best?.problems });
}

function candidates({ name, first, last, sizes }: (typeof known)[number], given: Tensors): Candidate[] {
  const [weight, channels] = first;
  const [from, to] = [shapeOf(given, weight), shapeOf(given, last)];
  if (from === null || to === null) return [];
  const width = from[0] / channels;
  const tried = name.startsWith('mobilenet') ? [...new Set([...widths, width])] : [width];
  return sizes.flatMap((size) =>
    tried.flatMap((one): Candidate[] => {
      try {
        const config = networkConfig(name, { classes: to[0], width: one, size });
        return [
          {
            name,
            config,
            preprocessing: preprocessingOf(size, from[1]),
            problems: problems(config, size, from[1], given),
          },
        ];
      } catch (error) {
        // Channels that make no such network.
        if (error instanceof UnrolledError) return [];
        throw error;
      }
    }),
  );
}

const shapeOf = (given: Tensors, name: string): Shape | null =>
  Object.hasOwn(given, name) && given[name].shape.length >= 2 ? given[name].shape : null;

/** ImageNet's, with one mean for images in grey. */
function preprocessingOf(size: number, channels: number): Preprocessing {
  if (size === 224 && channels === 3) return imageNetPreprocessing;
  const { mean, std } = imageNetPreprocessing;
  return channels === 1 ? { size, mean: [mean[1]], std: [std[1]] } : { size, mean, std };
}

/** What is missing, does not fit, or is not used. */
function problems(config: NetworkConfig, size: number, channels: number, given: Tensors): string[] {
  const declarations = new Declarations();
  imageLayerFrom(config).build([-1, size, size, channels], declarations);
  const found: string[] = [];
  for (const { name, shape } of declarations.declared) {
    const tensor = Object.hasOwn(given, name) ? given[name] : undefined;
    if (tensor === undefined) found.push(`'${name}' ${formatShape(shape)} is missing`);
    else if (!sameShape(tensor.shape, shape)) {
      found.push(`'${name}' is ${formatShape(tensor.shape)} and not ${formatShape(shape)}`);
    }
  }
  const names = new Set(declarations.declared.map(({ name }) => name));
  for (const name of Object.keys(given)) {
    if (!names.has(name)) found.push(`it has no place for '${name}'`);
  }
  return found;
}

const some = (names: readonly string[]): string =>
  names.length > 6 ? `${names.slice(0, 6).join(', ')}, … ${names.length} in all` : names.join(', ');
