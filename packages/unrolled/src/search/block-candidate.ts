import { anything, count, type Kinds, limit, number, required, requireOptions, seed as seedKind } from '../checks.ts';
import { DivergenceError } from '../errors.ts';
import { type AugmentationConfig, inputChannels, inputSize, type Preprocessing } from '../images/index.ts';
import type { LabelledImage } from '../images/labelled-images.ts';
import type { LayerConfig } from '../nn/layer.ts';
import { type StopSignal, throwIfAborted } from '../signal.ts';
import { evaluateImageClassifier } from '../tasks/classify-images/evaluate.ts';
import { ImageClassifier } from '../tasks/classify-images/model.ts';
import { imageClassifierTraining } from '../tasks/classify-images/training.ts';
import type { Device } from '../tensor/device.ts';
import { train } from '../train/train.ts';
import { blockNetworkConfig } from '../vision/networks/blocks.ts';
import { type Profile, profile } from '../vision/profile.ts';
import { type BlockArchitecture, searchedBlock, searchedNetwork } from './block-architecture.ts';

/** How a network of blocks is trained to be measured. */
export interface BlockTrainingOptions {
  /** C, channels of the first stage; the second and third have 2C and 4C. */
  readonly channels: number;
  /** Blocks in each stage. */
  readonly blocks: number;
  /** B, batch size. */
  readonly batch: number;
  /** Highest learning rate of momentum with a cosine schedule. */
  readonly learningRate: number;
  /** Updates. Default: none, `seconds` ends the training. */
  readonly steps?: number | undefined;
  /** Results depend on the machine's speed then. Default: none, `steps` ends the training. */
  readonly seconds?: number | undefined;
  /** How images are varied. Default: not. */
  readonly augmentation?: AugmentationConfig | undefined;
  /** Of initial weights and order. */
  readonly seed: number;
}

const kinds: Kinds<BlockTrainingOptions> = {
  ...{ channels: required(count), blocks: required(count), batch: required(count), seed: required(seedKind) },
  ...{ learningRate: required(number({ above: 0 })), steps: count, seconds: limit, augmentation: anything },
};

/** Images of one size with their labels. */
export interface BlockImages {
  readonly labels: readonly string[];
  readonly preprocessing: Preprocessing;
  readonly train: readonly LabelledImage[];
  /** What candidates are compared on. */
  readonly validation: readonly LabelledImage[];
}

export interface BlockMeasure {
  /** Share of the validation images whose label is predicted. */
  readonly accuracy: number;
  readonly diverged: boolean;
  readonly parameters: number;
  /** For one image. */
  readonly multiplyAdds: number;
  readonly steps: number;
}

type Sizes = Pick<BlockTrainingOptions, 'channels' | 'blocks'> & { readonly classes: number };

/** The network of a block. */
export const networkOf = (architecture: BlockArchitecture, { channels, blocks, classes }: Sizes): LayerConfig =>
  searchedNetwork((C) => searchedBlock(architecture, C), { channels, blocks, classes });

/** What a network costs for images of this preprocessing, one at a time. */
export const networkCost = (network: LayerConfig, preprocessing: Preprocessing): Profile =>
  profile(network, [1, ...inputSize(preprocessing), inputChannels(preprocessing)]);

/**
 * Trains a network and evaluates it on the validation images.
 * @throws ConfigError on an option out of range; the signal's reason if it is aborted
 */
export async function measureNetwork(
  device: Device,
  network: LayerConfig,
  { labels, preprocessing, train: images, validation }: BlockImages,
  options: BlockTrainingOptions,
  signal?: StopSignal,
): Promise<BlockMeasure> {
  requireOptions('measureNetwork', options, kinds);
  const { batch, learningRate, steps, seconds, augmentation, seed } = options;
  const { parameters, multiplyAdds } = networkCost(network, preprocessing);
  const model = new ImageClassifier(device, { config: { network }, labels, preprocessing }, seed);
  const task = await imageClassifierTraining(model, images, { batch, seed, labelSmoothing: 0.1, augmentation });
  let done = 0;
  try {
    const events = train(task, {
      optimizer: { method: 'momentum', nesterov: true, weightDecay: 5e-4, decaying: 'matrices' },
      ...{ learningRate, schedule: 'cosine', warmUp: 0.1, clipNorm: 5, steps, seconds, seed, signal },
      ...{ progressEvery: 0, validateEvery: 0, sampleEvery: 0, checkpointEvery: 0 },
    });
    for await (const event of events) if (event.type === 'done') done = event.step;
    throwIfAborted(signal);
    const { accuracy } = await evaluateImageClassifier(model, validation, { signal });
    return { accuracy, diverged: false, parameters, multiplyAdds, steps: done };
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    return { accuracy: 0, diverged: true, parameters, multiplyAdds, steps: Number(error.details.step ?? 0) };
  }
}

/**
 * accuracy − p · M/M₀: M multiply-adds of the network, M₀ those of a network of the same stages whose blocks are two convolutions
 * of 3 × 3 (`referenceMultiplyAdds`).
 * @param penalty  p
 */
export const blockReward = (
  { accuracy, multiplyAdds }: Pick<BlockMeasure, 'accuracy' | 'multiplyAdds'>,
  reference: number,
  penalty: number,
): number => accuracy - (penalty * multiplyAdds) / reference;

/** M₀ of `blockReward`. */
export const referenceMultiplyAdds = (sizes: Sizes, preprocessing: Preprocessing): number =>
  networkCost(blockNetworkConfig('standard', sizes), preprocessing).multiplyAdds;
