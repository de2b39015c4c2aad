import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Context, Layer, LayerConfig } from './layer.ts';
import type { Declarations } from './parameters.ts';

/** Layers in sequence. Parameters are named by position: `0.weight`, `1.bias`, … */
export class Sequential implements Layer {
  readonly config: { readonly layer: 'sequential'; readonly layers: readonly LayerConfig[] };
  readonly layers: readonly Layer[];

  constructor(layers: readonly Layer[]) {
    this.layers = layers;
    this.config = { layer: 'sequential', layers: layers.map((layer) => layer.config) };
  }

  /** @param make  makes each of the layers from its configuration */
  static fromConfig({ layers }: Sequential['config'], make: (config: LayerConfig) => Layer): Sequential {
    return new Sequential(layers.map(make));
  }

  build(input: Shape, declarations: Declarations): Shape {
    return this.layers.reduce((shape, layer, index) => layer.build(shape, declarations.within(String(index))), input);
  }

  apply(x: Tensor, context: Context): Tensor {
    return this.layers.reduce((value, layer) => layer.apply(value, context), x);
  }
}
