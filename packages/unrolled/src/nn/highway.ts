import { number, oneOf } from '../checks.ts';
import { add, mul, relu, sigmoid, sub, tanh } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Buildable } from './buildable.ts';
import type { Layer } from './layer.ts';
import { layerConfig } from './layer-config.ts';
import { Linear } from './linear.ts';
import type { Declarations } from './parameters.ts';

export interface HighwayOptions {
  /** φ. Default 'relu'. */
  readonly activation?: 'relu' | 'tanh' | undefined;
  /** Initial value of the gate's bias; below 0 a new layer mostly passes its input on. Default −1. */
  readonly gateBias?: number | undefined;
}

const activations = { relu, tanh };

/**
 * Highway layer (Srivastava, Greff & Schmidhuber 2015), over the last axis, `[…, F]` → `[…, F]`:
 *
 *     g = σ(W_g x + b_g),   y = g ⊙ φ(W x + b) + (1 − g) ⊙ x
 *
 * Parameters: `transform.weight`, `gate.weight` [F, F], `transform.bias`, `gate.bias` [F]. The recurrent form is the cell
 * 'rhn'.
 */
export class Highway extends Buildable<{ transform: Linear; gate: Linear }> implements Layer {
  readonly config: { readonly layer: 'highway' } & HighwayOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: HighwayOptions = {}) {
    super();
    this.config = layerConfig('highway', options, { activation: oneOf(['relu', 'tanh']), gateBias: number() });
  }

  build(input: Shape, declarations: Declarations): Shape {
    const units = input.at(-1)!;
    const [transform, gate] = [new Linear({ units }), new Linear({ units, biasInit: this.config.gateBias ?? -1 })];
    this.parts = { transform, gate };
    transform.build(input, declarations.within('transform'));
    return gate.build(input, declarations.within('gate'));
  }

  apply(x: Tensor): Tensor {
    const activation = activations[this.config.activation ?? 'relu'];
    const { transform, gate } = this.parts;
    const open = sigmoid(gate.apply(x));
    return add(mul(open, activation(transform.apply(x))), mul(sub(1, open), x));
  }
}
