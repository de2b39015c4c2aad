import { shown } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { type Image, imageBatch, labelsIn, type Preprocessing, type SceneConfig } from '../../images/index.ts';
import { labelIndex } from '../../metrics/label-predictions.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import type { Declarations, Parameters, SavedParameters } from '../../nn/parameters.ts';
import type { Sequential } from '../../nn/sequential.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { multiplyAddsOf } from '../../vision/index.ts';
import { completeConfig, type GlimpseConfig, type GlimpseDescription, type GlimpseOptions } from './config.ts';
import { glimpseDescription } from './description.ts';
import { type Glimpse, GlimpseNetwork } from './network.ts';
import { wholeImageNetwork } from './whole-image.ts';

/**
 * Reads images by a sequence of glimpses: one label after the other, each from G of them. Parameters: those of
 * `GlimpseNetwork`, or the layers that read the whole image, by their numbers.
 *
 * @example
 * const device = await openDevice();
 * const model = GlimpseModel.load(device, await (await fetch('digits.safetensors')).arrayBuffer());
 * const [{ labels, path }] = await readImages(model, [image]);
 */
export class GlimpseModel {
  readonly device: Device;
  readonly config: Required<GlimpseConfig>;
  readonly labels: readonly string[];
  readonly scene: SceneConfig;
  readonly parameters: Parameters;
  readonly #network: GlimpseNetwork | null;
  readonly #whole: Sequential | null;

  /**
   * @param initial  a seed, or saved parameters
   * @throws ConfigError on an invalid configuration, or fewer than two labels; FormatError if saved parameters do not fit
   */
  constructor(device: Device, options: GlimpseOptions, initial: number | SavedParameters = 1) {
    const { config, labels, scene = { kind: 'plain' } } = options;
    if (new Set(labels).size < 2) {
      throw new ConfigError(`glimpse: at least two labels are needed, received ${shown(labels)}`);
    }
    this.device = device;
    this.config = completeConfig(config);
    this.labels = labels;
    this.scene = scene;
    const whole = ['convolution', 'dense'].includes(config.reader);
    this.#network = whole ? null : new GlimpseNetwork(this.config, config.glimpses * this.targets, labels.length);
    this.#whole = whole ? wholeImageNetwork(this.config, labels.length * this.targets) : null;
    this.parameters = initialiseParameters(this, [-1, config.height, config.width], device, initial);
  }

  /** @throws FormatError if the description is not one, or does not fit the parameters */
  static from(device: Device, description: GlimpseDescription, initial: number | SavedParameters = 1): GlimpseModel {
    const { task: _, ...options } = glimpseDescription(description, 'model');
    return new GlimpseModel(device, options, initial);
  }

  /** Loads an exported model or a checkpoint. @throws FormatError if the file is damaged or of another task */
  static load(device: Device, source: ModelSource): GlimpseModel {
    return loadModel(source, 'glimpse', (description, parameters) =>
      GlimpseModel.from(device, description as GlimpseDescription, parameters),
    );
  }

  describe(): GlimpseDescription {
    const { config, labels, scene } = this;
    return { task: 'glimpse', config, labels, scene };
  }

  build(images: Shape, declarations: Declarations): Shape {
    return this.#network ? this.#network.build(images, declarations) : this.#whole!.build([...images, 1], declarations);
  }

  /** Labels of an image. */
  get targets(): number {
    return labelsIn(this.scene);
  }

  /** How images become what it reads: grey, white as 1. */
  get preprocessing(): Preprocessing {
    return { size: [this.config.height, this.config.width], mean: [0], std: [1] };
  }

  /** Multiply-adds of products and convolutions for one image. */
  get multiplyAdds(): number {
    const { height, width } = this.config;
    return multiplyAddsOf((device) => {
      new GlimpseModel(device, this.describe()).read(device.zeros([1, height, width]), inference);
    });
  }

  /** @throws DataError if the model has no such label */
  labelId(label: string): number {
    return labelIndex('glimpse', this.labels, label);
  }

  /** Images as numbers `[B, H, W]`. */
  input(images: readonly Image[]): Tensor {
    const { height, width } = this.config;
    return imageBatch(images, this.preprocessing, this.device).reshape([images.length, height, width]);
  }

  /**
   * The glimpses of images `[B, H, W]`, and the logits of each target `[B, K]`.
   * @returns no glimpses where the whole image is read at once
   */
  read(
    images: Tensor,
    context: Context,
  ): { readonly glimpses: readonly Glimpse[]; readonly logits: readonly Tensor[] } {
    const { targets, config } = this;
    if (this.#network) {
      const glimpses = this.#network.apply(images, context);
      const last = Array.from({ length: targets }, (_, j) => glimpses[(j + 1) * config.glimpses - 1].logits);
      return { glimpses, logits: last };
    }
    const K = this.labels.length;
    const all = this.#whole!.apply(images.reshape([...images.shape, 1]), context);
    return { glimpses: [], logits: Array.from({ length: targets }, (_, j) => all.slice(-1, j * K, (j + 1) * K)) };
  }
}
