import { anything, count, requireOptions, shown } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import {
  type Image,
  imageBatch,
  inputChannels,
  inputSize,
  orientImage,
  type Preprocessing,
} from '../../images/index.ts';
import { type Classification, classificationOf, labelIndex } from '../../metrics/label-predictions.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import { type Declarations, type Parameters, requireSaved, type SavedParameters } from '../../nn/parameters.ts';
import type { Sequential } from '../../nn/sequential.ts';
import { formatShape, type Shape, sizeOf } from '../../shape.ts';
import type { StopSignal } from '../../signal.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { breathe } from '../../train/breathe.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import {
  type ImageClassifierConfig,
  type ImageClassifierDescription,
  type ImageClassifierOptions,
  imageClassifierKinds,
} from './config.ts';
import { imageClassifierDescription } from './description.ts';
import { splitNetwork } from './network.ts';

export interface ClassifyImagesOptions {
  /** Batch size; it changes the speed, not the result. Default 32. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
  /** Called after each batch. @param done  images so far */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * Images to one of K labels:
 *
 *     x = preprocessing(image);   v = backbone(x);   p = softmax(head(v) / temperature)
 *
 * Parameters are those of the network, by their names.
 *
 * @example
 * const device = await openDevice();
 * const classifier = ImageClassifier.load(device, await (await fetch('flowers.safetensors')).arrayBuffer());
 * (await classifier.predict([imageOf(video)]))[0].label;   // 'tulip'
 */
export class ImageClassifier {
  readonly device: Device;
  readonly config: ImageClassifierConfig;
  readonly labels: readonly string[];
  readonly preprocessing: Preprocessing;
  readonly augmentation: ImageClassifierOptions['augmentation'];
  readonly parameters: Parameters;
  /** See `ImageClassifierDescription`; 1 until it is fitted. */
  temperature = 1;
  readonly #backbone: Sequential;
  readonly #head: Sequential;
  /** Of the backbone's output, without the batch. */
  #featureShape: Shape = [];

  /**
   * @param initial  a seed, or saved parameters
   * @throws ConfigError on an unknown option, fewer than two labels, or a network whose output is not one number a label
   */
  constructor(device: Device, options: ImageClassifierOptions, initial: number | SavedParameters = 1) {
    const { config, labels, preprocessing, augmentation } = options;
    requireOptions('classify-images', config, imageClassifierKinds);
    if (new Set(labels).size < 2) {
      throw new ConfigError(`classify-images: at least two labels are needed, received ${shown(labels)}`);
    }
    this.device = device;
    this.config = config;
    this.labels = labels;
    this.preprocessing = preprocessing;
    this.augmentation = augmentation;
    const { backbone, head } = splitNetwork(config.network);
    this.#backbone = backbone;
    this.#head = head;
    this.parameters = initialiseParameters(this, this.inputShape, device, initial);
  }

  /** `[−1, H, W, C]` */
  get inputShape(): Shape {
    return [-1, ...inputSize(this.preprocessing), inputChannels(this.preprocessing)];
  }

  /**
   * A model from its description.
   * @param initial  saved parameters, or a seed for new ones. Default 1
   * @throws FormatError if the description is not one, or does not fit the parameters; ConfigError if its network cannot work
   */
  static from(
    device: Device,
    description: ImageClassifierDescription,
    initial: number | SavedParameters = 1,
  ): ImageClassifier {
    const { temperature, ...options } = imageClassifierDescription(description, 'model');
    const model = new ImageClassifier(device, options, initial);
    model.temperature = temperature;
    return model;
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   */
  static load(device: Device, source: ModelSource): ImageClassifier {
    return loadModel(source, 'classify-images', (description, parameters) =>
      ImageClassifier.from(device, description as ImageClassifierDescription, parameters),
    );
  }

  describe(): ImageClassifierDescription {
    const { config, labels, preprocessing, augmentation, temperature } = this;
    return {
      task: 'classify-images',
      ...{ config, labels, preprocessing, temperature },
      ...(augmentation && { augmentation }),
    };
  }

  /**
   * Copies pretrained weights into the backbone, before training; those of other layers are ignored.
   * @throws FormatError if one is missing, or of another shape
   */
  takeBackbone(weights: SavedParameters): void {
    const head = `${this.headName}.`;
    const taken = [...this.parameters].filter(({ name }) => !name.startsWith(head));
    for (const parameter of taken) requireSaved(weights, parameter);
    for (const { name, value } of taken) this.device.backend.write(value, weights[name].data);
  }

  /** The name of the last layer. */
  get headName(): string {
    return this.#head.names[0];
  }

  build(input: Shape, declarations: Declarations): Shape {
    const features = this.#backbone.build(input, this.config.frozen ? declarations.frozen() : declarations);
    const output = this.#head.build(features, declarations);
    const K = this.labels.length;
    if (output.length !== 2 || output[1] !== K) {
      throw new ConfigError(
        `classify-images: the network turns images ${formatShape(input)} into ${formatShape(output)}; ` +
          `with ${K} labels it must give [-1, ${K}]`,
        { input, output, labels: K },
      );
    }
    this.#featureShape = features.slice(1);
    return output;
  }

  /** Images as the network takes them `[B, H, W, C]` → logits `[B, K]`. */
  apply(x: Tensor, context: Context = inference): Tensor {
    // Statistics of a frozen batch norm stay as they are.
    const features = this.#backbone.apply(x, this.config.frozen ? { ...inference, observe: context.observe } : context);
    return this.#head.apply(features, context);
  }

  /** Features, a row for each image → logits `[B, K]`. */
  applyHead(features: readonly Float32Array[], context: Context = inference): Tensor {
    const row = sizeOf(this.#featureShape);
    const flat = new Float32Array(features.length * row);
    for (const [i, one] of features.entries()) flat.set(one, i * row);
    return this.#head.apply(this.device.tensor(flat, [features.length, ...this.#featureShape]), context);
  }

  /** @throws DataError if the model has no such label */
  labelId(label: string): number {
    return labelIndex('classify-images', this.labels, label);
  }

  /** Logits of images, K for each, before the temperature. They do not depend on how images are batched. */
  async logits(images: readonly Image[], options: ClassifyImagesOptions = {}): Promise<Float64Array[]> {
    const of = (some: readonly Image[]) => this.#rows(some, options, (x) => this.apply(x), Float64Array);
    return this.config.mirror ? meanRows(await of(images), await of(images.map(mirrorImage))) : of(images);
  }

  /** The backbone's output for each image, flat: what the head reads. */
  features(images: readonly Image[], options: ClassifyImagesOptions = {}): Promise<Float32Array[]> {
    return this.#rows(images, options, (x) => this.#backbone.apply(x, inference), Float32Array);
  }

  /** Logits from features, K for each. */
  async logitsOfFeatures(
    features: readonly Float32Array[],
    { signal }: ClassifyImagesOptions = {},
  ): Promise<Float64Array[]> {
    await breathe(signal);
    if (features.length === 0) return [];
    const { device } = this;
    return rowsOf(
      await device.read(() => device.withoutGradients(() => this.applyHead(features))),
      features.length,
      Float64Array,
    );
  }

  /** The label of each image. @throws ConfigError on an option out of range; the signal's reason if it is aborted */
  async predict(images: readonly Image[], options: ClassifyImagesOptions = {}): Promise<Classification[]> {
    const logits = await this.logits(images, options);
    return logits.map((row) => classificationOf(row, this.labels, this.temperature));
  }

  async #rows<Row extends Float32Array | Float64Array>(
    images: readonly Image[],
    options: ClassifyImagesOptions,
    apply: (x: Tensor) => Tensor,
    kind: RowKind<Row>,
  ): Promise<Row[]> {
    requireOptions('classify-images', options, { batch: count, signal: anything, onProgress: anything });
    const { batch = 32, signal, onProgress } = options;
    const { device, preprocessing } = this;
    const rows: Row[] = [];
    for (let start = 0; start < images.length; start += batch) {
      await breathe(signal);
      const part = images.slice(start, start + batch);
      const flat = await device.read(() =>
        device.withoutGradients(() => apply(imageBatch(part, preprocessing, device))),
      );
      rows.push(...rowsOf(flat, part.length, kind));
      onProgress?.(rows.length);
    }
    return rows;
  }
}

/** An image as in a mirror. */
export const mirrorImage = (image: Image): Image => orientImage(image, 2);

export const meanRows = (some: readonly Float64Array[], others: readonly Float64Array[]): Float64Array[] =>
  some.map((row, i) => row.map((value, k) => (value + others[i][k]) / 2));

type RowKind<Row> = { from(values: ArrayLike<number>): Row };

/** Numbers as rows of their own. */
function rowsOf<Row>(
  flat: ArrayLike<number> & { subarray(from: number, to: number): ArrayLike<number> },
  rows: number,
  kind: RowKind<Row>,
): Row[] {
  const width = flat.length / rows;
  return Array.from({ length: rows }, (_, i) => kind.from(flat.subarray(i * width, (i + 1) * width)));
}
