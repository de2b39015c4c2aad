import { flag } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import { inputChannels, inputSize, type Preprocessing, preprocessingSchema } from '../images/preprocessing.ts';
import { type Context, inference, type LayerConfig } from '../nn/layer.ts';
import { Declarations, type Parameters, requireSaved, type SavedParameters } from '../nn/parameters.ts';
import { Sequential } from '../nn/sequential.ts';
import { imageLayerFrom } from '../nn/vision/image-layers.ts';
import { mismatch, objectOf, optional, type Schema, scalar } from '../schema.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { firstOf } from './layer-paths.ts';

/** A network whose feature maps a model of another task reads: plain data. */
export interface BackboneDescription {
  /** A sequence of layers, such as `networkConfig` makes, or that of an `ImageNetwork`. */
  readonly config: LayerConfig;
  /** Of the images it takes. */
  readonly preprocessing: Preprocessing;
  /** Whether the network learns with the model, rather than being a pretrained one that stays as it is. Default false. */
  readonly trained?: boolean | undefined;
}

/** The longest side of an input that is opened from a file: larger ones would fill the memory. */
const longestSide = 2048;

/** The description of a backbone in a file. What is in its layers is checked when they are made. */
export const backboneDescription: Schema<BackboneDescription> = objectOf<BackboneDescription>({
  config(value, place) {
    if ((value as Partial<LayerConfig> | null)?.layer === 'sequential') return value as LayerConfig;
    throw mismatch(place, 'the configuration of a sequential layer', value);
  },
  preprocessing(value, place) {
    const found = preprocessingSchema(value, place);
    if (inputSize(found).every((side) => side <= longestSide)) return found;
    throw mismatch(`${place}.size`, `at most ${longestSide}`, found.size);
  },
  trained: optional(scalar<boolean>(flag)),
});

/**
 * A network up to its last feature map, as a part of a model about images: images `[B, H, W, C]` → features of L = h·w places,
 * `[B, h, w, D]`. It is pretrained and stays as it is, or learns with the model where `trained` is set. The layers behind
 * (pooling, classifier) are left out. Parameters: those of the network, under `backbone.`, all of them buffers unless it is trained.
 */
export class Backbone {
  readonly description: BackboneDescription;
  /** Rows and columns of the map. */
  readonly grid: readonly [rows: number, columns: number];
  /** D, the features of each place. */
  readonly depth: number;
  readonly #body: Sequential;

  /** @throws ConfigError if no layer of the network gives a map with more than one place */
  constructor({ config, preprocessing, trained }: BackboneDescription) {
    this.description = { config, preprocessing, ...(trained && { trained }) };
    const network = imageLayerFrom(config);
    if (!(network instanceof Sequential)) {
      throw new ConfigError(`backbone: needs a sequence of layers, received '${config.layer}'`, {
        layer: config.layer,
      });
    }
    const { count, shape } = lastMap(network, this.inputShape);
    this.#body = firstOf(imageLayerFrom(config) as Sequential, count);
    this.grid = [shape[1], shape[2]];
    this.depth = shape[3];
  }

  /** L, the places of the map. */
  get places(): number {
    return this.grid[0] * this.grid[1];
  }

  get inputShape(): Shape {
    const { preprocessing } = this.description;
    return [-1, ...inputSize(preprocessing), inputChannels(preprocessing)];
  }

  /** Declares its parameters. */
  build(declarations: Declarations): void {
    const own = this.trained ? declarations : declarations.frozen();
    this.#body.build(this.inputShape, own.within('backbone'));
  }

  /** Whether it learns with the model. */
  get trained(): boolean {
    return this.description.trained === true;
  }

  /** Preprocessed images → maps `[B, h, w, D]`: without gradients, unless the network is trained. */
  maps(x: Tensor, context: Context = inference): Tensor {
    if (this.trained) return this.#body.apply(x, context);
    return x.device.withoutGradients(() => this.#body.apply(x, inference));
  }

  /**
   * Copies pretrained weights into the parameters of a model; those of layers that are left out are ignored.
   * @throws FormatError if one is missing, or of another shape
   */
  take(parameters: Parameters, weights: SavedParameters): void {
    const prefix = 'backbone.';
    const own = [...parameters].filter(({ name }) => name.startsWith(prefix));
    const named = Object.fromEntries(Object.entries(weights).map(([name, value]) => [prefix + name, value]));
    for (const parameter of own) requireSaved(named, parameter);
    for (const { name, value } of own) value.device.backend.write(value, named[name].data);
  }
}

/** How many of the layers it takes to the last map with several places, and the shape of that. */
function lastMap(network: Sequential, input: Shape): { readonly count: number; readonly shape: Shape } {
  let found: { readonly count: number; readonly shape: Shape } | null = null;
  let shape = input;
  for (const [i, layer] of network.layers.entries()) {
    shape = layer.build(shape, new Declarations().within(network.names[i]));
    if (shape.length === 4 && shape[1] * shape[2] > 1) found = { count: i + 1, shape };
  }
  if (found) return found;
  throw new ConfigError(
    'backbone: no layer of the network gives a map with more than one place; take another network',
    {
      layers: network.names,
    },
  );
}
