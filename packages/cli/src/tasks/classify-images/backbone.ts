import { readFileSync } from 'node:fs';
import { openDevice } from 'unrolled';
import type { Preprocessing } from 'unrolled/images';
import type { LayerConfig, SavedParameters } from 'unrolled/nn';
import type { ImageClassifierDescription } from 'unrolled/tasks/classify-images';
import { decodeModel, taskOf } from 'unrolled/train';
import { openImageNetwork } from 'unrolled/vision';
import { Failure, naming, namingAsync } from '../../failure.ts';
import { countOf } from '../../output/units.ts';

/** A pretrained network, whose last layer is replaced. */
export interface Backbone {
  readonly network: LayerConfig;
  readonly preprocessing: Preprocessing;
  readonly weights: SavedParameters;
  /** What it is, in a sentence for people. */
  readonly about: string;
}

/**
 * Reads a network from a file of weights: our own, a state dict of torchvision, or a classifier of images.
 * @throws Failure saying what is wrong with the file
 */
export function readBackbone(path: string): Promise<Backbone> {
  return namingAsync(path, async () => {
    const bytes = readFileSync(path);
    const { network, preprocessing, weights } = isModel(bytes) ? classifierIn(path, bytes) : await networkIn(bytes);
    const numbers = Object.values(weights).reduce((sum, { data }) => sum + data.length, 0);
    const { size } = preprocessing;
    const about = `Backbone ${path}: ${countOf(numbers, 'number')}, for images of ${[size, size].flat().slice(0, 2).join(' × ')}`;
    return { network, preprocessing, weights, about };
  });
}

type Read = Omit<Backbone, 'about'>;

/** Whether the file is one of a model of a task, rather than of weights. */
const isModel = (bytes: Uint8Array): boolean =>
  /"format":"unrolled (model|checkpoint) /.test(new TextDecoder().decode(bytes.subarray(8, 8 + 2 ** 20)));

function classifierIn(path: string, bytes: Uint8Array): Read {
  const { model, parameters } = naming(path, () => decodeModel(bytes));
  const task = taskOf({ model });
  if (task !== 'classify-images')
    throw new Failure(`${path}: it holds a model of task '${task}', no network for images`);
  const { config, preprocessing } = model as ImageClassifierDescription;
  return { network: config.network, preprocessing, weights: parameters };
}

/** The tensors are only read here: any device will do. */
async function networkIn(bytes: Uint8Array): Promise<Read> {
  const device = await openDevice('reference');
  try {
    const network = openImageNetwork(bytes, device);
    return { network: network.config, preprocessing: network.preprocessing, weights: await network.parameters.save() };
  } finally {
    device.close();
  }
}
