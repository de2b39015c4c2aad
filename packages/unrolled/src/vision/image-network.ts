import { ConfigError } from '../errors.ts';
import { inputChannels, inputSize, type Preprocessing, requirePreprocessing } from '../images/preprocessing.ts';
import { applyPart, type Context, inference, initialiseParameters, type Layer, type LayerConfig } from '../nn/layer.ts';
import type { OwnParts } from '../nn/layer-kind.ts';
import type { Declarations, Parameters, SavedParameters } from '../nn/parameters.ts';
import { Sequential } from '../nn/sequential.ts';
import { imageLayerFrom } from '../nn/vision/image-layers.ts';
import { globalAveragePool } from '../ops/index.ts';
import { formatShape, type Shape } from '../shape.ts';
import { type Device, requireDevice } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { firstOf, lastOf, upTo } from './layer-paths.ts';
import { changed } from './networks/classifier.ts';
import { observedLayers } from './profile.ts';

/** What a network is, besides its weights. */
export interface ImageNetworkDescription {
  /** A sequence of layers, the last of which is the classifier: of `networkConfig`, or your own. */
  readonly config: LayerConfig;
  /** Of the images it takes. */
  readonly preprocessing: Preprocessing;
  /** The classes, in the order of the logits; null where only their number is known. */
  readonly labels: readonly string[] | null;
}

/**
 * A network that classifies images: its weights, and all that is needed to use them.
 *
 * @example
 * const network = openImageNetwork(await readFile('mobilenet-v2.safetensors'), await openDevice());
 * const x = imageBatch([image], network.preprocessing, network.device);   // of unrolled/images
 * const [best] = await network.device.read(() => network.logits(x).argmax());
 * console.log(network.labels?.[best]);
 */
export class ImageNetwork implements ImageNetworkDescription {
  readonly device: Device;
  readonly config: LayerConfig;
  readonly preprocessing: Preprocessing;
  readonly labels: readonly string[] | null;
  /** K, the number of classes. */
  readonly classes: number;
  /** F, the number of features. */
  readonly featureCount: number;
  readonly parameters: Parameters;
  readonly #own: OwnParts;
  readonly #network: Sequential;
  /** The layers before the classifier. */
  readonly #body: Sequential;
  #layerNames: readonly string[] | null = null;

  /**
   * @param initial  a seed, or saved values
   * @param own  classes of your own layers that the configuration names
   * @throws ConfigError if the network cannot be, or has another number of classes than labels; FormatError if saved values
   *   do not fit it
   */
  constructor(
    device: Device,
    { config, preprocessing, labels }: ImageNetworkDescription,
    initial: number | SavedParameters,
    own: OwnParts = {},
  ) {
    requireDevice('image network', device);
    requirePreprocessing('image network: preprocessing', preprocessing);
    const network = imageLayerFrom(config, own);
    if (!(network instanceof Sequential) || network.layers.length === 0) {
      throw new ConfigError(
        `image network: needs a sequence of layers that ends with the classifier, received '${config.layer}'`,
        { layer: config.layer },
      );
    }
    this.device = device;
    this.config = config;
    this.preprocessing = preprocessing;
    this.labels = labels;
    this.#own = own;
    this.#network = network;
    this.#body = firstOf(network, network.layers.length - 1);
    let shapes: readonly [Shape, Shape] = [[], []];
    const build = (input: Shape, declarations: Declarations): void => {
      shapes = this.#build(input, declarations);
    };
    this.parameters = initialiseParameters({ build }, [-1, ...this.inputShape], device, initial);
    this.featureCount = shapes[0].at(-1)!;
    this.classes = shapes[1][1];
  }

  /** Builds the layers; the shapes of features and logits. */
  #build(input: Shape, declarations: Declarations): readonly [Shape, Shape] {
    const features = this.#body.build(input, declarations);
    const [name, classifier] = this.#classifier;
    const logits = classifier.build(features, declarations.within(name));
    if (logits.length === 2 && logits[1] === (this.labels?.length ?? logits[1])) return [features, logits];
    const wanted = this.labels === null ? 'logits [B, K]' : `logits [B, K] of ${this.labels.length} labels`;
    throw new ConfigError(
      `image network: its last layer must give ${wanted}, it gives ${formatShape(logits)} for images ${formatShape(input)}`,
      { input, output: logits, labels: this.labels?.length },
    );
  }

  get #classifier(): readonly [name: string, layer: Layer] {
    return [this.#network.names.at(-1)!, this.#network.layers.at(-1)!];
  }

  /** Height, width and channels of its images. */
  get inputShape(): readonly [height: number, width: number, channels: number] {
    return [...inputSize(this.preprocessing), inputChannels(this.preprocessing)];
  }

  /** The name of the last layer, which begins the names of its parameters. */
  get classifierName(): string {
    return this.#classifier[0];
  }

  /** The names of all layers whose output an observer sees, in the order in which they compute. */
  get layerNames(): readonly string[] {
    this.#layerNames ??= observedLayers(this.config, [1, ...this.inputShape], this.#own).map(({ name }) => name);
    return this.#layerNames;
  }

  /** Logits of images [B, H, W, C] that have been preprocessed → [B, K]. */
  logits(x: Tensor, context: Context = inference): Tensor {
    return this.#network.apply(x, context);
  }

  /**
   * What the classifier sees of images [B, H, W, C] → [B, F]: its input, or the mean of that over all places where it is a map,
   * as in SqueezeNet.
   */
  features(x: Tensor, context: Context = inference): Tensor {
    const features = this.#body.apply(x, context);
    return features.rank === 4 ? globalAveragePool(features) : features;
  }

  /** Logits of the input of the classifier → [B, K]: for most networks, of their `features`. */
  classify(features: Tensor, context: Context = inference): Tensor {
    const [name, classifier] = this.#classifier;
    return applyPart(name, classifier, features, context);
  }

  /**
   * Outputs of layers by name, such as 'features.3' or 'layer1.0.conv1', mostly maps [B, H′, W′, C′]. Nothing behind the last of
   * them is computed, so images of any size will do for layers that take any.
   * @throws ConfigError if there is no layer of that name
   */
  featureMaps<Name extends string>(
    x: Tensor,
    names: readonly Name[],
    context: Context = inference,
  ): Record<Name, Tensor> {
    const last = lastOf(this.layerNames, names);
    const wanted = new Set<string>(names);
    const maps: Record<string, Tensor> = {};
    upTo(this.#network, last).apply(x, {
      ...context,
      observe(name, value) {
        const seen = context.observe?.(name, value) ?? value;
        if (wanted.has(name)) maps[name] = seen;
        return seen;
      },
    });
    return maps;
  }

  /**
   * The same network for other classes: a copy of all weights but those of the layer that gives the classes, which are new.
   * @param seed  of the new weights
   */
  withLabels(labels: readonly string[], seed: number): ImageNetwork {
    const { device, preprocessing } = this;
    const { config, path } = changed(this.config, labels.length);
    const network = new ImageNetwork(device, { config, preprocessing, labels }, seed, this.#own);
    for (const { name, value } of this.parameters) {
      if (!name.startsWith(`${path}.`)) device.backend.copy(value, network.parameters.get(name));
    }
    return network;
  }

  /** What it is, besides its weights. */
  describe(): ImageNetworkDescription {
    const { config, preprocessing, labels } = this;
    return { config, preprocessing, labels };
  }
}
