import { count, flag, number, required } from '../checks.ts';
import { linear } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Buildable } from './buildable.ts';
import type { Initialiser } from './initialisers.ts';
import type { Layer } from './layer.ts';
import { initialiserKind, layerConfig } from './layer-config.ts';
import type { Declarations, Parameter } from './parameters.ts';

export interface LinearOptions {
  /** Width of the output. */
  readonly units: number;
  /** Default true. */
  readonly bias?: boolean | undefined;
  /** Initial value of the bias. Default 0. */
  readonly biasInit?: number | undefined;
  /** Default 'xavier' with `floor`: Glorot's, and no smaller than ±1/√F however many units there are. */
  readonly weight?: Initialiser | undefined;
}

/** y = x·Wᵀ + b over the last axis, `[…, F]` → `[…, units]`. Parameters: `weight` [units, F], `bias` [units]. */
export class Linear extends Buildable<{ weight: Parameter; bias: Parameter | null }> implements Layer {
  readonly config: { readonly layer: 'linear' } & LinearOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: LinearOptions) {
    super();
    this.config = layerConfig('linear', options, {
      units: required(count),
      bias: flag,
      biasInit: number(),
      weight: initialiserKind,
    });
  }

  build(input: Shape, declarations: Declarations): Shape {
    const { units, bias = true, biasInit = 0, weight = { kind: 'xavier', floor: true } } = this.config;
    this.parts = {
      weight: declarations.declare('weight', [units, input.at(-1)!], weight),
      bias: bias ? declarations.declare('bias', [units], { kind: 'constant', value: biasInit }) : null,
    };
    return [...input.slice(0, -1), units];
  }

  apply(x: Tensor): Tensor {
    const { weight, bias } = this.parts;
    return linear(x, weight.value, bias?.value ?? null);
  }
}
