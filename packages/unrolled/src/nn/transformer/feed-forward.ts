import { gelu, geluTanh, mul, relu, silu } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Linear } from '../linear.ts';
import type { Declarations } from '../parameters.ts';
import type { BlockOptions } from './options.ts';

const activations = { gelu, geluTanh, silu, relu };

export const feedForwardActivation = (name: keyof typeof activations): ((x: Tensor) => Tensor) => activations[name];

/** down · a(up · x), or gated down · (a(gate · x) ⊙ up · x) (Shazeer 2020). Parameters: `up`, `down` and `gate`, as `Linear`. */
export class FeedForward {
  readonly #options: BlockOptions;
  #up!: Linear;
  #down!: Linear;
  #gate: Linear | null = null;

  constructor(options: BlockOptions) {
    this.#options = options;
  }

  build(input: Shape, declarations: Declarations): void {
    const width = input.at(-1)!;
    const { feedForward: units = 4 * width, gated = false, bias } = this.#options;
    this.#up = new Linear({ units, bias });
    this.#down = new Linear({ units: width, bias });
    this.#gate = gated ? new Linear({ units, bias }) : null;
    this.#gate?.build(input, declarations.within('gate'));
    this.#down.build(this.#up.build(input, declarations.within('up')), declarations.within('down'));
  }

  apply(x: Tensor): Tensor {
    const activate = feedForwardActivation(this.#options.activation ?? 'gelu');
    const up = this.#up.apply(x);
    return this.#down.apply(this.#gate ? mul(activate(this.#gate.apply(x)), up) : activate(up));
  }
}
