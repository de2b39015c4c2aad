import type { Preprocessing } from 'unrolled/images';
import {
  channelStatistics,
  evaluateImageClassifier,
  ImageClassifier,
  imageClassifierTraining,
  type LabelledImage,
} from 'unrolled/tasks/classify-images';
import { train } from 'unrolled/train';
import { type BlockKind, blockNetworkConfig, profile } from 'unrolled/vision';
import { formatDuration } from '../output/units.ts';
import { openMachine } from '../run/open-device.ts';
import { readExamples } from '../tasks/images/examples.ts';
import { heldOut } from '../tasks/images/held-out.ts';
import { readImageFiles, typicalImage } from '../tasks/images/sources.ts';

export interface AccuracyOptions {
  readonly kinds: readonly BlockKind[];
  /** Channels of the first stage, and blocks in each stage. */
  readonly channels: number;
  readonly blocks: number;
  /** Height and width of the images; null: their own. */
  readonly size: number | null;
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  readonly seed: number;
  readonly threads: number | undefined;
  readonly signal: AbortSignal;
}

/** What a network of such blocks costs, and what it has learnt. */
export interface BlockAccuracy {
  readonly block: BlockKind;
  readonly parameters: number;
  /** For one image. */
  readonly multiplyAdds: number;
  /** Share of the test images. */
  readonly accuracy: number;
  readonly seconds: number;
}

interface Data {
  readonly labels: readonly string[];
  readonly preprocessing: Preprocessing;
  readonly training: readonly LabelledImage[];
  readonly test: readonly LabelledImage[];
}

/** Trains a network of each kind of block in the same way, and evaluates it on the test images. */
export async function* trainBlocks(
  folder: string,
  options: AccuracyOptions,
  note: (line: string) => void,
): AsyncGenerator<BlockAccuracy> {
  const data = await readData(folder, options);
  note(`${data.training.length} images to train on, ${data.test.length} to test, ${data.labels.length} labels`);
  for (const block of options.kinds) {
    if (options.signal.aborted) return;
    const found = await trainOne(block, data, options, note);
    if (found !== null) yield found;
  }
}

async function readData(folder: string, { size, seed }: AccuracyOptions): Promise<Data> {
  const files = await readImageFiles([folder]);
  const { labels, train: set, test } = files.data;
  const { side, grey } = await typicalImage(files);
  const channels = grey ? 1 : 3;
  const plain = { size: size ?? side, mean: Array<number>(channels).fill(0), std: Array<number>(channels).fill(1) };
  const own = await readExamples(set, plain, { labels });
  const { examples: training, validation: tested } = test
    ? { examples: own.examples, validation: (await readExamples(test, plain, { labels })).examples }
    : await heldOut(own, null, files, plain, { seed, validationShare: 0.1 });
  const statistics = channelStatistics(
    training.map(({ image }) => image),
    channels,
  );
  return {
    ...{ labels, training, preprocessing: { ...plain, ...statistics } },
    test: tested,
  };
}

async function trainOne(
  block: BlockKind,
  { labels, preprocessing, training, test }: Data,
  { channels, blocks, epochs, batch, lr, seed, threads, signal }: AccuracyOptions,
  note: (line: string) => void,
): Promise<BlockAccuracy | null> {
  const network = blockNetworkConfig(block, { classes: labels.length, channels, blocks });
  const side = preprocessing.size as number;
  const { parameters, multiplyAdds } = profile(network, [1, side, side, preprocessing.mean.length]);
  const device = await openMachine({ threads }, note);
  const start = performance.now();
  try {
    const model = new ImageClassifier(device, { config: { network }, labels, preprocessing }, seed);
    const task = await imageClassifierTraining(model, training, {
      ...{ batch, seed, labelSmoothing: 0.1 },
      augmentation: { flip: true, shift: Math.max(2, Math.round(side / 8)) },
    });
    const events = train(task, {
      ...{
        optimizer: { method: 'momentum', nesterov: true, weightDecay: 5e-4, decaying: 'matrices' },
        learningRate: lr,
      },
      ...{
        schedule: 'cosine',
        warmUp: 0.1,
        epochs,
        seed,
        signal,
        validateEvery: 0,
        sampleEvery: 0,
        checkpointEvery: 0,
      },
      progressEvery: Math.ceil(task.stepsPerEpoch / 2),
    });
    for await (const event of events) {
      if (event.type === 'done' && event.reason === 'aborted') return null;
      if (event.type !== 'progress') continue;
      const left = event.secondsLeft === null ? '' : `, ${formatDuration(event.secondsLeft)} left`;
      note(`${block}: step ${event.step} of ${event.steps}, training loss ${event.loss.toFixed(3)}${left}`);
    }
    const seconds = (performance.now() - start) / 1000;
    const { accuracy } = await evaluateImageClassifier(model, test, { signal });
    note(`${block}: ${(100 * accuracy).toFixed(1)}% of the test images after ${formatDuration(seconds)}`);
    return { block, parameters, multiplyAdds, accuracy, seconds };
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  } finally {
    device.close();
  }
}
