import { anything, requireOptions } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { concat, globalAveragePool } from '../../ops/index.ts';
import { formatShape, type Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { applyPart, type Context, type Layer, type LayerConfig } from '../layer.ts';
import type { Declarations } from '../parameters.ts';
import { Sequential } from '../sequential.ts';

export interface LayerMeansOptions {
  /** A sequence of layers that ends with features `[B, F]`. */
  readonly body: Layer;
  /** Layers within it, by path ('features.14.conv.1'), with the channels C_l of their outputs. */
  readonly layers: Readonly<Record<string, number>>;
}

/**
 * What a network gives at its end, and the means over all places of what some of its layers give,
 * `[B, H, W, C]` → `[B, F + Σ_l C_l]`: the last features of a network pretrained for other classes have lost what these classes
 * did not need. Parameters are the body's, under their own names.
 */
export class LayerMeans implements Layer {
  readonly config: {
    readonly layer: 'layerMeans';
    readonly body: LayerConfig;
    readonly layers: Readonly<Record<string, number>>;
  };
  readonly #body: Sequential;

  /** @throws ConfigError on an unknown option, or a body that is no sequence of layers */
  constructor(options: LayerMeansOptions) {
    requireOptions('layerMeans', options, { body: anything, layers: anything });
    const { body, layers } = options;
    if (!(body instanceof Sequential)) {
      throw new ConfigError('layerMeans: the body must be a sequence of layers');
    }
    this.#body = body;
    this.config = { layer: 'layerMeans', body: body.config, layers };
  }

  /** @param make  makes the body from its configuration */
  static fromConfig({ body, layers }: LayerMeans['config'], make: (config: LayerConfig) => Layer): LayerMeans {
    return new LayerMeans({ body: make(body), layers });
  }

  /** @throws ConfigError unless the body ends with features [B, F] */
  build(input: Shape, declarations: Declarations): Shape {
    const output = this.#body.build(input, declarations);
    if (output.length !== 2) {
      throw new ConfigError(`layerMeans: the body must end with features [B, F]; it gives ${formatShape(output)}`);
    }
    const channels = Object.values(this.config.layers).reduce((sum, one) => sum + one, 0);
    return [output[0], output[1] + channels];
  }

  apply(x: Tensor, context: Context): Tensor {
    const wanted = Object.keys(this.config.layers);
    const means = new Map<string, Tensor>();
    const observe = (name: string, value: Tensor): Tensor => {
      const after = context.observe?.(name, value) ?? value;
      if (wanted.includes(name)) means.set(name, globalAveragePool(after));
      return after;
    };
    const watching = { ...context, observe };
    const y = context.observe ? this.#body.apply(x, watching) : applyWatched(this.#body, x, context, watching, wanted);
    const missing = wanted.find((name) => !means.has(name));
    if (missing !== undefined) throw new ConfigError(`layerMeans: the body has no layer '${missing}'`);
    return concat([y, ...wanted.map((name) => means.get(name)!)], -1);
  }
}

/** The same as `sequence.apply(x, watching)`, in which layers that nobody asks for run as one operation where they can. */
function applyWatched(
  { names, layers }: Sequential,
  x: Tensor,
  context: Context,
  watching: Context,
  wanted: readonly string[],
): Tensor {
  const within = (name: string): readonly string[] =>
    wanted.filter((one) => one === name || one.startsWith(`${name}.`)).map((one) => one.slice(name.length + 1));
  let value = x;
  for (let i = 0; i < layers.length; i++) {
    const [name, layer] = [names[i], layers[i]];
    const inside = within(name);
    if (inside.length === 0) {
      const end = names.findIndex((other, k) => k > i && within(other).length > 0);
      const plain = layers.slice(i, end < 0 ? layers.length : end);
      value = new Sequential(plain).apply(value, context);
      i += plain.length - 1;
    } else if (layer instanceof Sequential && !inside.includes('')) {
      const observe = (path: string, one: Tensor): Tensor => watching.observe!(`${name}.${path}`, one);
      value = applyWatched(layer, value, context, { ...context, observe }, inside);
    } else value = applyPart(name, layer, value, watching);
  }
  return value;
}
