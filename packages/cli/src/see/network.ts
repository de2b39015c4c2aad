import { readFileSync, statSync } from 'node:fs';
import type { Device } from 'unrolled';
import { ImageClassifier, type InspectedClassifier, inspectedClassifier } from 'unrolled/tasks/classify-images';
import { openImageNetwork } from 'unrolled/vision';
import { Failure, naming } from '../failure.ts';
import type { CheckpointName } from '../options/use.ts';
import { loadRun } from '../run/load.ts';
import { isModel, networkFile } from '../tasks/backbone.ts';

/**
 * The network of a run folder, of a file of a trained classifier, or of a file with the weights of a known network.
 * @param labels  a text file with a label a line, in place of those of the file
 * @throws Failure saying what is missing or damaged
 */
export async function openNetwork(
  device: Device,
  path: string,
  { checkpoint, labels: named }: { checkpoint?: CheckpointName; labels?: string },
): Promise<InspectedClassifier> {
  const labels = named === undefined ? undefined : readLabels(named);
  if (holdsNetwork(path)) {
    return inspectedClassifier(
      naming(path, () => openImageNetwork(networkFile(readFileSync(path)), device, { labels })),
    );
  }
  const classifier = await loadRun(path, checkpoint, (stored) => ImageClassifier.load(device, stored));
  return { ...inspectedClassifier(classifier), labels: labels ?? classifier.labels };
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
export const labelsOf = ({ labels }: InspectedClassifier, K: number): readonly string[] =>
  labels ?? Array.from({ length: K }, (_, k) => `class ${k}`);
