import { count, flag, type Kinds, required, requireOptions, whole } from '../../checks.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Activation } from '../../nn/vision/activation.ts';
import { BatchNorm } from '../../nn/vision/batch-norm.ts';
import { Conv2d } from '../../nn/vision/conv2d.ts';
import { stackKinds } from '../../train/description.ts';
import type { BackboneDescription } from '../../vision/backbone.ts';

/** Configuration of a dialogue agent, as plain data. */
export interface DialogueConfig {
  /** Cell of the reader, of the dialogue's state and of the decoder. */
  readonly cell: CellSource;
  /** H, hidden units of each layer. */
  readonly hidden: number;
  readonly layers: number;
  /** E, dimension of word vectors. */
  readonly embedding: number;
  /** Dropout rate of word vectors, between layers and before the output. */
  readonly dropout: number;
  /** K, looks at the image for each question. Default 2. */
  readonly looks?: number;
  /** Whether it sees the image. Default true. */
  readonly image?: boolean;
  /** Whether it knows what was said before the question. Default true. */
  readonly history?: boolean;
}

export const dialogueKinds: Kinds<DialogueConfig> = {
  ...stackKinds,
  embedding: required(count),
  looks: whole({ from: 1, to: 16 }),
  image: flag,
  history: flag,
};

/** The configuration with its defaults filled in. @throws ConfigError on an invalid size, rate or name */
export function completeConfig(config: DialogueConfig): Required<DialogueConfig> {
  requireOptions('dialogue', config, dialogueKinds);
  return { looks: 2, image: true, history: true, ...config };
}

/**
 * A small network that learns with the model, for images of `size` × `size` pixels: places of 16 × 16 pixels, each read by two
 * convolutions of 4 × 4 with stride 4 and one of 1 × 1. Each is normalised over the batch: without that, models
 * hardly learn to find a thing by its shape.
 */
export const smallBackbone = (size = 48): BackboneDescription => ({
  config: new Sequential(
    [24, 48, 48].flatMap((channels, i) => [
      new Conv2d({ channels, kernel: i < 2 ? 4 : 1, stride: i < 2 ? 4 : 1 }),
      new BatchNorm(),
      new Activation({ kind: 'relu' }),
    ]),
  ).config,
  preprocessing: { size, crop: 'none', mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  trained: true,
});
