import { number } from '../checks.ts';
import { layerNorm } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { ones, zeros } from './initialisers.ts';
import type { Layer } from './layer.ts';
import { layerConfig } from './layer-config.ts';
import { type Declarations, unbuilt } from './parameters.ts';

export interface LayerNormOptions {
  /** ε. Default 1e-5. */
  readonly epsilon?: number | undefined;
}

/**
 * Layer normalisation (Ba, Kiros & Hinton 2016) over the last axis: y = w ⊙ (x − mean)/√(variance + ε) + b. Parameters:
 * `weight` [F], initially 1, and `bias` [F], initially 0.
 */
export class LayerNorm implements Layer {
  readonly config: { readonly layer: 'layerNorm' } & LayerNormOptions;
  #gain = unbuilt('layerNorm');
  #bias = unbuilt('layerNorm');

  /** @throws ConfigError on an unknown option or an epsilon below 0 */
  constructor(options: LayerNormOptions = {}) {
    this.config = layerConfig('layerNorm', options, { epsilon: number({ from: 0 }) });
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
