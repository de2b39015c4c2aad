import { readFileSync } from 'node:fs';
import { inputSize, type Preprocessing } from 'unrolled/images';
import { decodePytorch, isPytorch, stateDictOf } from 'unrolled/io';
import type { LayerConfig, SavedParameters } from 'unrolled/nn';
import type { ImageClassifierDescription } from 'unrolled/tasks/classify-images';
import { decodeModel, taskOf } from 'unrolled/train';
import { type ImageNetworkFile, readImageNetwork } from 'unrolled/vision';
import { Failure, naming } from '../failure.ts';
import { countOf } from '../output/units.ts';

/** A pretrained network, whose last layer is replaced. */
export interface Backbone {
  readonly network: LayerConfig;
  readonly preprocessing: Preprocessing;
  readonly weights: SavedParameters;
  /** What it is, in a sentence for people. */
  readonly about: string;
}

/**
 * Reads a network from a file of weights: our own, a state dict of torchvision (.safetensors or .pth), or a classifier of images.
 * @throws Failure saying what is wrong with the file
 */
export function readBackbone(path: string): Backbone {
  const bytes = naming(path, () => readFileSync(path));
  const { network, preprocessing, weights } = isModel(bytes) ? classifierIn(path, bytes) : networkIn(path, bytes);
  const numbers = Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
  const about = `Backbone ${path}: ${countOf(numbers, 'number')}, for images of ${inputSize(preprocessing).join(' × ')}`;
  return { network, preprocessing, weights, about };
}

/** The preprocessing for images of another size, which are scaled to it as a whole: what is said is about all of the image. */
export function wholeImages({ resize: _, ...rest }: Preprocessing, size: number | undefined): Preprocessing {
  return { ...rest, crop: 'none', ...(size !== undefined && { size }) };
}

type Read = Omit<Backbone, 'about'>;

/** Whether the file is one of a model of a task, rather than of weights. */
export const isModel = (bytes: Uint8Array): boolean =>
  /"format":"unrolled (model|checkpoint) /.test(new TextDecoder().decode(bytes.subarray(8, 8 + 2 ** 20)));

/** What the library opens: safetensors as they are, the state dict of PyTorch's file. */
export const networkFile = (bytes: Uint8Array): ImageNetworkFile =>
  isPytorch(bytes) ? stateDictOf(decodePytorch(bytes)) : bytes;

function networkIn(path: string, bytes: Uint8Array): Read {
  const { config, preprocessing, parameters } = naming(path, () => readImageNetwork(networkFile(bytes)));
  return { network: config, preprocessing, weights: parameters };
}

function classifierIn(path: string, bytes: Uint8Array): Read {
  const { model, parameters } = naming(path, () => decodeModel(bytes));
  const task = taskOf({ model });
  if (task !== 'classify-images')
    throw new Failure(`${path}: it holds a model of task '${task}', no network for images`);
  const { config, preprocessing } = model as ImageClassifierDescription;
  return { network: config.network, preprocessing, weights: parameters };
}
