import { flag, type Kinds, required } from '../../checks.ts';
import type { AugmentationConfig, Preprocessing } from '../../images/index.ts';
import type { LayerConfig } from '../../nn/layer.ts';

/** The layers of a classifier: plain data. */
export interface ImageClassifierConfig {
  /**
   * Images `[B, H, W, C]` → logits `[B, K]`: a `sequential`, such as `networkConfig` of `unrolled/vision` makes. Its last layer is
   * the head, all before it are the backbone.
   */
  readonly network: LayerConfig;
  /** Whether the backbone is not trained, such as a pretrained one whose features the head reads. Default false. */
  readonly frozen?: boolean | undefined;
  /**
   * Whether an image's logits are the mean of its own and of its mirror image's: often right once in a hundred more, for twice
   * the time. Default false.
   */
  readonly mirror?: boolean | undefined;
}

export const imageClassifierKinds: Kinds<ImageClassifierConfig> = {
  network: required({
    must: "the configuration of a sequential layer, such as networkConfig('resnet20', { classes: 10 })",
    fits: (value) => (value as Partial<LayerConfig> | null)?.layer === 'sequential',
  }),
  frozen: flag,
  mirror: flag,
};

/** What makes a classifier of images besides its parameters. */
export interface ImageClassifierOptions {
  readonly config: ImageClassifierConfig;
  /** K, at least two. */
  readonly labels: readonly string[];
  /** How images become the network's input. */
  readonly preprocessing: Preprocessing;
  /** How training images are varied; kept to know it later. */
  readonly augmentation?: AugmentationConfig | undefined;
}

/** Everything that makes the model besides its parameters: plain data. */
export interface ImageClassifierDescription extends ImageClassifierOptions {
  readonly task: 'classify-images';
  /** T of softmax(logits / T), fitted on validation images so that probabilities are calibrated (Guo 2017). */
  readonly temperature: number;
}
