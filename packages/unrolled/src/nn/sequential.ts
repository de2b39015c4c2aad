import { shown } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { applyPart, type Context, type Layer, type LayerConfig } from './layer.ts';
import type { Declarations } from './parameters.ts';

/** Layers in order: a list, or a record of named ones. */
type Several<One> = readonly One[] | Readonly<Record<string, One>>;

/**
 * Layers in sequence. Parameters are named by position, `0.weight`, `1.bias`, …, or by the names of a record, as PyTorch's
 * `nn.Sequential(OrderedDict)`: `{ conv1: …, bn1: … }` gives `conv1.weight`, `bn1.weight`; the name '' adds no prefix. Names that
 * are whole numbers come first, in ascending order, as in every JavaScript object.
 *
 * A convolution, the batch norm after it and the activation after that run as one operation; so do batch norm and activation.
 */
export class Sequential implements Layer {
  readonly config: { readonly layer: 'sequential'; readonly layers: Several<LayerConfig> };
  readonly layers: readonly Layer[];
  /** Of the layers, in order. */
  readonly names: readonly string[];

  /** @throws ConfigError if a name has a dot, which separates names */
  constructor(layers: Several<Layer>) {
    this.layers = Object.values(layers);
    this.names = Object.keys(layers);
    const dotted = this.names.find((name) => name.includes('.'));
    if (dotted !== undefined) {
      throw new ConfigError(
        `sequential: the layer name '${dotted}' has a dot, which separates the names of layers inside each other; put a ` +
          'sequential within a sequential',
        { name: dotted },
      );
    }
    const configs = this.layers.map(({ config }) => config);
    this.config = {
      layer: 'sequential',
      layers: Array.isArray(layers) ? configs : Object.fromEntries(this.names.map((name, i) => [name, configs[i]])),
    };
  }

  /**
   * @param make  makes each of the layers from its configuration
   * @throws ConfigError if there is neither a list nor a record of them
   */
  static fromConfig({ layers }: Sequential['config'], make: (config: LayerConfig) => Layer): Sequential {
    if (typeof layers !== 'object' || layers === null) {
      throw new ConfigError(
        `sequential: layers must be a list or a record of configurations, received ${shown(layers)}`,
      );
    }
    if (Array.isArray(layers)) return new Sequential(layers.map(make));
    return new Sequential(Object.fromEntries(Object.entries(layers).map(([name, config]) => [name, make(config)])));
  }

  build(input: Shape, declarations: Declarations): Shape {
    return this.layers.reduce((shape, layer, i) => layer.build(shape, declarations.within(this.names[i])), input);
  }

  apply(x: Tensor, context: Context): Tensor {
    let value = x;
    for (let i = 0; i < this.layers.length; i++) {
      const layer = this.layers[i];
      const fused = context.observe ? undefined : layer.applyFused?.(value, context, this.layers.slice(i + 1));
      value = fused?.value ?? applyPart(this.names[i], layer, value, context);
      i += fused?.included ?? 0;
    }
    return value;
  }
}
