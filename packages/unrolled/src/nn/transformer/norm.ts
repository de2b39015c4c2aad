import { layerNorm, rmsNorm } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { ones, zeros } from '../initialisers.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import type { BlockOptions } from './options.ts';

/** Layer norm or RMS norm with a gain, and a bias where there is one. */
export class Norm {
  readonly #options: BlockOptions;
  #weight!: Parameter;
  #bias: Parameter | null = null;

  constructor(options: BlockOptions) {
    this.#options = options;
  }

  build(input: Shape, declarations: Declarations): void {
    const { norm, bias = true } = this.#options;
    this.#weight = declarations.declare('weight', [input.at(-1)!], ones);
    this.#bias = bias && norm !== 'rms' ? declarations.declare('bias', [input.at(-1)!], zeros) : null;
  }

  apply(x: Tensor): Tensor {
    const { norm, epsilon } = this.#options;
    if (norm === 'rms') return rmsNorm(x, this.#weight.value, epsilon);
    return layerNorm(x, this.#weight.value, this.#bias?.value ?? null, epsilon);
  }
}
