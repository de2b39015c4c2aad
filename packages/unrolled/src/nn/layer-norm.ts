import { layerNorm } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { ones, zeros } from './initialisers.ts';
import type { Layer } from './layer.ts';
import type { Declarations, Parameter } from './parameters.ts';

/** Mean 0 and variance 1 over the last axis, then gain and bias. Parameters: `weight` [F], `bias` [F]. */
export class LayerNorm implements Layer {
  readonly config: { readonly layer: 'layerNorm'; readonly epsilon?: number };
  #gain!: Parameter;
  #bias!: Parameter;

  constructor(options: { readonly epsilon?: number } = {}) {
    this.config = { layer: 'layerNorm', ...options };
  }

  build(input: Shape, declarations: Declarations): Shape {
    this.#gain = declarations.declare('weight', [input.at(-1)!], ones);
    this.#bias = declarations.declare('bias', [input.at(-1)!], zeros);
    return input;
  }

  apply(x: Tensor): Tensor {
    return layerNorm(x, this.#gain.value, this.#bias.value, this.config.epsilon);
  }
}
