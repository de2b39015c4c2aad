import { ConfigError, FormatError, ShapeError } from '../errors.ts';
import { preprocessingSchema } from '../images/preprocessing.ts';
import { type Bytes, requireBytes } from '../io/bytes.ts';
import { decodeSafetensors, encodeSafetensors, type NamedArray } from '../io/safetensors.ts';
import type { LayerConfig } from '../nn/layer.ts';
import type { OwnParts } from '../nn/layer-kind.ts';
import type { SavedParameters } from '../nn/parameters.ts';
import { listOf, mismatch, nullable, objectOf, type Schema, text } from '../schema.ts';
import type { Device } from '../tensor/device.ts';
import { ImageNetwork, type ImageNetworkDescription } from './image-network.ts';
import { fromStateDict } from './state-dict.ts';

const format = 'unrolled image network 1';

const layerConfig: Schema<LayerConfig> = (value, place) => {
  const { layer } = (value ?? {}) as { readonly layer?: unknown };
  if (typeof layer === 'string') return value as LayerConfig;
  throw mismatch(place, 'the configuration of a layer', value);
};

const description: Schema<ImageNetworkDescription> = objectOf<ImageNetworkDescription>({
  config: layerConfig,
  preprocessing: preprocessingSchema,
  labels: nullable(listOf(text, 1)),
});

/**
 * A network as a safetensors file: its weights under their names, and its configuration, preprocessing and labels in the
 * metadata.
 * @throws FormatError if `half` is set and a number is too large for float16
 *
 * @example
 * await writeFile('mine.safetensors', await imageNetworkFile(network, { half: true }));
 */
export async function imageNetworkFile(
  network: ImageNetwork,
  options: {
    /** Store weights as float16: half the bytes, nearly the same network. Default false. */
    readonly half?: boolean | undefined;
  } = {},
): Promise<Bytes> {
  const metadata = { format, network: JSON.stringify(network.describe()) };
  return encodeSafetensors({ tensors: await network.parameters.save(), metadata }, options);
}

/** The bytes of a file, or the tensors of a state dict. */
export type ImageNetworkFile = Uint8Array | ArrayBuffer | Readonly<Record<string, NamedArray>>;

const isStateDict = (file: ImageNetworkFile): file is Readonly<Record<string, NamedArray>> =>
  Object.getPrototypeOf(file ?? 0) === Object.prototype;

/** A network independent of any device: what it is, and its weights. */
export interface StoredImageNetwork extends ImageNetworkDescription {
  readonly parameters: SavedParameters;
}

/**
 * Reads a network from a safetensors file: one of `imageNetworkFile`, or a state dict of torchvision as it is, which is
 * recognised by the names and shapes of its tensors: ResNet-18 and 34, MobileNet v2, SqueezeNet 1.1, VGG-16 and 19, also of other
 * widths and numbers of classes, and CIFAR's ResNet-20 with the same names. A state dict has no labels, and the preprocessing
 * is ImageNet's, as torchvision's.
 * @param file  the bytes of a safetensors file, or the tensors of a state dict: of a `.pth` file, `stateDictOf(decodePytorch(bytes))`
 * @throws FormatError if the file is damaged or holds no such network; it names what is missing or does not fit
 */
export function readImageNetwork(file: ImageNetworkFile): StoredImageNetwork {
  if (isStateDict(file)) return fromStateDict(file, []);
  const { tensors, metadata, unread, verified } = decodeSafetensors(requireBytes('openImageNetwork', file));
  if (metadata.format === format) {
    if (!verified) throw new FormatError('openImageNetwork: the checksum is missing; the file was altered');
    return { ...description(parsed(metadata.network), 'network'), parameters: tensors };
  }
  if (!metadata.format?.startsWith('unrolled')) return fromStateDict(tensors, Object.keys(unread).filter(isNoCounter));
  throw new FormatError(
    `openImageNetwork: the file is an '${metadata.format}', not an image network; open it as what it is`,
    { format: metadata.format },
  );
}

export interface OpenImageNetworkOptions extends OwnParts {
  /** In place of those of the file. A state dict of torchvision has none: then ImageNet's, as torchvision's. */
  readonly preprocessing?: ImageNetworkDescription['preprocessing'] | undefined;
  /** In place of those of the file; a state dict has none. */
  readonly labels?: readonly string[] | undefined;
}

/**
 * Opens a network from a safetensors file, as `readImageNetwork`.
 * @throws FormatError as there, and if the network in the file cannot be built
 *
 * @example
 * // In Python: safetensors.torch.save_file(torchvision.models.resnet18(weights='DEFAULT').state_dict(), 'resnet18.safetensors')
 * const network = openImageNetwork(await readFile('resnet18.safetensors'), device, { labels });
 */
export function openImageNetwork(
  file: ImageNetworkFile,
  device: Device,
  { preprocessing, labels, ...own }: OpenImageNetworkOptions = {},
): ImageNetwork {
  const { parameters, ...stored } = readImageNetwork(file);
  const described = { ...stored, ...(preprocessing && { preprocessing }), ...(labels && { labels }) };
  try {
    return new ImageNetwork(device, described, parameters, own);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof ShapeError || error instanceof TypeError)) throw error;
    throw new FormatError(
      `openImageNetwork: the network in the file cannot be built: ${error.message}`,
      {},
      { cause: error },
    );
  }
}

const isNoCounter = (name: string): boolean => !name.endsWith('num_batches_tracked');

function parsed(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? '');
  } catch (error) {
    throw new FormatError('openImageNetwork: the description is not JSON; the file was altered', {}, { cause: error });
  }
}
