import { number } from '../checks.ts';
import { layerNorm } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Buildable } from './buildable.ts';
import { ones, zeros } from './initialisers.ts';
import type { Layer } from './layer.ts';
import { layerConfig } from './layer-config.ts';
import type { Declarations, Parameter } from './parameters.ts';

export interface LayerNormOptions {
  /** ε. Default 1e-5. */
  readonly epsilon?: number | undefined;
}

/**
 * Layer normalisation (Ba, Kiros & Hinton 2016) over the last axis: y = w ⊙ (x − mean)/√(variance + ε) + b. Parameters:
 * `weight` [F], initially 1, and `bias` [F], initially 0.
 */
export class LayerNorm extends Buildable<{ weight: Parameter; bias: Parameter }> implements Layer {
  readonly config: { readonly layer: 'layerNorm' } & LayerNormOptions;

  /** @throws ConfigError on an unknown option or an epsilon below 0 */
  constructor(options: LayerNormOptions = {}) {
    super();
    this.config = layerConfig('layerNorm', options, { epsilon: number({ from: 0 }) });
  }

  build(input: Shape, declarations: Declarations): Shape {
    const shape = [input.at(-1)!];
    this.parts = {
      weight: declarations.declare('weight', shape, ones),
      bias: declarations.declare('bias', shape, zeros),
    };
    return input;
  }

  apply(x: Tensor): Tensor {
    const { weight, bias } = this.parts;
    return layerNorm(x, weight.value, bias.value, this.config.epsilon);
  }
}
