import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type CellSource, cellNameOf } from './cells/registry.ts';
import type { Context, Sequences } from './layer.ts';
import { Linear } from './linear.ts';
import type { Declarations } from './parameters.ts';
import { Recurrent } from './recurrent.ts';
import { TransformerEncoder } from './transformer/encoder.ts';
import type { StackOptions } from './transformer/options.ts';

export interface TwoWayReaderOptions {
  readonly cell: CellSource;
  /** H, hidden units of each layer and direction; the width of a Transformer. */
  readonly hidden: number;
  readonly layers: number;
  readonly dropout: number;
  readonly bidirectional: boolean;
  /** The blocks of a Transformer in place of recurrent layers. Default: none. */
  readonly transformer?: StackOptions | null | undefined;
}

/**
 * What tasks read whole sequences with, `[T, B, E]` → `[T, B, W]`: recurrent layers, or the blocks of a Transformer, before which a
 * linear map brings vectors of another width to H. Parameters: `<cell>.weight_ih_l0` … as in PyTorch, or `input.weight` [H, E]
 * where E is not H and `transformer.blocks.0…` as `TransformerEncoder`.
 */
export class TwoWayReader {
  readonly #options: TwoWayReaderOptions;
  readonly #recurrent: Recurrent | null;
  readonly #transformer: TransformerEncoder | null;
  #input: Linear | null = null;

  constructor(options: TwoWayReaderOptions) {
    const { cell, hidden, layers, dropout, bidirectional, transformer } = options;
    this.#options = options;
    this.#recurrent = transformer ? null : new Recurrent({ cell, hidden, layers, dropout, bidirectional });
    this.#transformer = transformer ? new TransformerEncoder(transformer) : null;
  }

  build(xs: Shape, declarations: Declarations): Shape {
    const { cell, hidden } = this.#options;
    if (this.#recurrent) return this.#recurrent.build(xs, declarations.within(cellNameOf(cell)));
    this.#input = xs.at(-1) === hidden ? null : new Linear({ units: hidden });
    const input = this.#input?.build(xs, declarations.within('input')) ?? xs;
    return this.#transformer!.build(input, declarations.within('transformer'));
  }

  /** Outputs of all steps; those beyond a row's length say nothing. */
  apply({ xs, lengths }: Sequences, context: Context): Tensor {
    if (this.#recurrent) return this.#recurrent.run(xs, context, { lengths }).outputs;
    return this.#transformer!.apply({ xs: this.#input?.apply(xs) ?? xs, lengths }, context);
  }
}
