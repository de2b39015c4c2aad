import { linear } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Initialiser } from './initialisers.ts';
import type { Layer } from './layer.ts';
import type { Declarations, Parameter } from './parameters.ts';

export interface LinearOptions {
  readonly units: number;
  /** Default true. */
  readonly bias?: boolean;
  /** First value of the bias. Default 0. */
  readonly firstBias?: number;
  /** Default 'xavier'. */
  readonly weight?: Initialiser;
}

/** y = x·Wᵀ + b over the last axis, `[…, F]` → `[…, units]`. Parameters: `weight` [units, F], `bias` [units]. */
export class Linear implements Layer {
  readonly config: { readonly layer: 'linear' } & LinearOptions;
  #weight!: Parameter;
  #bias: Parameter | null = null;

  constructor(options: LinearOptions) {
    this.config = { layer: 'linear', ...options };
  }

  build(input: Shape, declarations: Declarations): Shape {
    const { units, bias = true, firstBias = 0, weight = { kind: 'xavier' } } = this.config;
    this.#weight = declarations.declare('weight', [units, input.at(-1)!], weight);
    this.#bias = bias ? declarations.declare('bias', [units], { kind: 'constant', value: firstBias }) : null;
    return [...input.slice(0, -1), units];
  }

  apply(x: Tensor): Tensor {
    return linear(x, this.#weight.value, this.#bias?.value ?? null);
  }
}
