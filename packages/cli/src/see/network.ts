import { readFileSync, statSync } from 'node:fs';
import type { Device } from 'unrolled';
import { type Image, imageBatch, type Preprocessing } from 'unrolled/images';
import type { InspectedNetwork } from 'unrolled/inspect';
import { inference } from 'unrolled/nn';
import { ImageClassifier } from 'unrolled/tasks/classify-images';
import { openImageNetwork } from 'unrolled/vision';
import { Failure, naming } from '../failure.ts';
import type { CheckpointName } from '../options/use.ts';
import { loadRun } from '../run/load.ts';
import { isModel } from '../tasks/backbone.ts';

/** A network that classifies images, whatever file it comes from. */
export interface OpenedNetwork extends InspectedNetwork {
  readonly device: Device;
  readonly preprocessing: Preprocessing;
  /** By class; null where the file does not say them. */
  readonly labels: readonly string[] | null;
  /** Of each class, as `classify predict` gives them. */
  probabilities(image: Image): Promise<ArrayLike<number>>;
}

/**
 * The network of a run folder, of a file of a trained classifier, or of a safetensors file with the weights of a known network.
 * @param labels  a text file with a label a line, in place of those of the file
 * @throws Failure saying what is missing or damaged
 */
export async function openNetwork(
  device: Device,
  path: string,
  { checkpoint, labels: named }: { checkpoint?: CheckpointName; labels?: string },
): Promise<OpenedNetwork> {
  const labels = named === undefined ? undefined : readLabels(named);
  if (holdsNetwork(path)) {
    const network = naming(path, () => openImageNetwork(readFileSync(path), device, { labels }));
    return {
      device,
      preprocessing: network.preprocessing,
      labels: network.labels,
      logits: (x, context) => network.logits(x, context),
      async probabilities(image) {
        const x = imageBatch([image], network.preprocessing, device);
        const [found] = await device.read(() => [network.logits(x, inference).softmax()]);
        device.release(x);
        return found;
      },
    };
  }
  const classifier = await loadRun(path, checkpoint, (stored) => ImageClassifier.load(device, stored));
  return {
    device,
    preprocessing: classifier.preprocessing,
    labels: labels ?? classifier.labels,
    logits: (x, context) => classifier.apply(x, context),
    async probabilities(image) {
      const [{ probabilities }] = await classifier.predict([image]);
      const byLabel = new Map(probabilities.map(({ label, probability }) => [label, probability]));
      return classifier.labels.map((label) => byLabel.get(label)!);
    },
  };
}

/** Whether this is a file of weights, and not of a run. */
function holdsNetwork(path: string): boolean {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  return isFile && !naming(path, () => isModel(readFileSync(path)));
}

function readLabels(path: string): readonly string[] {
  const labels = naming(path, () => readFileSync(path, 'utf8'))
    .trimEnd()
    .split(/\r?\n/);
  if (labels.length < 2) throw new Failure(`${path}: needs a label on each line, it has ${labels.length}`);
  return labels;
}

/** Names for K classes. */
export const labelsOf = ({ labels }: OpenedNetwork, K: number): readonly string[] =>
  labels ?? Array.from({ length: K }, (_, k) => `class ${k}`);
