import { flag } from '../checks.ts';
import { linear } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Buildable } from './buildable.ts';
import { zeros } from './initialisers.ts';
import type { Layer } from './layer.ts';
import { layerConfig } from './layer-config.ts';
import type { Declarations, Parameter } from './parameters.ts';

/** Inputs x `[…, F]`, and an embedding's own matrix W `[V, E]`: `embedding.table`. */
export interface TiedInputs<Each = Tensor> {
  readonly xs: Each;
  readonly table: Each;
}

export interface TiedLinearOptions {
  /** Default true. */
  readonly bias?: boolean | undefined;
}

/**
 * Logits from an embedding's own matrix W `[V, E]` (Press & Wolf 2017): y = W x + b, `[…, E]` → `[…, V]`, so that a token
 * has one vector on the way in and on the way out. An input of another width F is first projected: y = W P x + b.
 * Parameters: `bias` [V], unless there is none; where F is not E, `projection.weight` [E, F].
 *
 * @example
 * tied.apply({ xs, table: embedding.table });
 */
export class TiedLinear
  extends Buildable<{ projection: Parameter | null; bias: Parameter | null }>
  implements Layer<TiedInputs, Tensor, TiedInputs<Shape>>
{
  readonly config: { readonly layer: 'tiedLinear' } & TiedLinearOptions;

  /** @throws ConfigError on an unknown option */
  constructor(options: TiedLinearOptions = {}) {
    super();
    this.config = layerConfig('tiedLinear', options, { bias: flag });
  }

  build({ xs, table }: TiedInputs<Shape>, declarations: Declarations): Shape {
    const [[V, E], F] = [table, xs.at(-1)!];
    const projection = F === E ? null : declarations.declare('projection.weight', [E, F], { kind: 'xavier' });
    const { bias = true } = this.config;
    this.parts = { projection, bias: bias ? declarations.declare('bias', [V], zeros) : null };
    return [...xs.slice(0, -1), V];
  }

  apply({ xs, table }: TiedInputs): Tensor {
    const { projection, bias } = this.parts;
    return linear(projection ? linear(xs, projection.value) : xs, table, bias?.value ?? null);
  }
}
