import { ConfigError } from '../errors.ts';
import { concat, dropout } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Cell, CellConfig, CellState } from './cells/cell.ts';
import { type BuiltInCell, createCell } from './cells/index.ts';
import { type Context, inference, type Layer } from './layer.ts';
import type { Declarations } from './parameters.ts';
import { type Probe, type UnrollForm, unroll } from './unroll.ts';

export interface RecurrentLayerOptions {
  /** What makes each cell; all layers and directions have the same kind and width. */
  readonly cell: BuiltInCell | CellConfig;
  /** L, layers on top of each other. Default 1. */
  readonly layers?: number;
  /** A second cell walks from the end; outputs are side by side, `[T, B, 2H]`. Default false. */
  readonly bidirectional?: boolean;
  /** Rate of dropout between layers (not after the last one, as in PyTorch). Default 0. */
  readonly dropout?: number;
}

/** One state a layer and direction, ordered l0, l0 reverse, l1, …, as PyTorch orders h_n. */
export type StackState = readonly CellState[];

export interface RunOptions {
  readonly state?: StackState | null;
  readonly lengths?: readonly number[] | null;
  /** The probe for a layer and direction, if it is to be looked at. */
  readonly probe?: (layer: number, reverse: boolean) => Probe | undefined;
  /** Use fused layers where there are. Default true. */
  readonly fused?: boolean;
  /** How to run the cells; see `UnrollOptions`. */
  readonly form?: UnrollForm;
}

/**
 * A stack of recurrent layers over a sequence: `[T, B, F]` → `[T, B, H]` (2H when bidirectional). Parameters are
 * named as in PyTorch: `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`, `bias_hh_l0`, with `_reverse` for the way back.
 */
export class Recurrent implements Layer {
  readonly config: { readonly layer: 'recurrent' } & RecurrentLayerOptions;
  readonly #cells: readonly Cell[];
  readonly #directions: readonly boolean[];

  constructor(options: RecurrentLayerOptions) {
    const { cell, layers = 1, bidirectional = false } = options;
    if (!Number.isInteger(layers) || layers < 1) {
      throw new ConfigError(`recurrent: layers must be a whole number from 1, received ${layers}`, { layers });
    }
    this.config = { layer: 'recurrent', ...options };
    this.#directions = bidirectional ? [false, true] : [false];
    this.#cells = Array.from({ length: layers * this.#directions.length }, () => createCell(cell));
  }

  /** Width of the output. */
  get width(): number {
    return this.config.cell.hidden * this.#directions.length;
  }

  build(input: Shape, declarations: Declarations): Shape {
    this.#cells.forEach((cell, index) => {
      const layer = Math.floor(index / this.#directions.length);
      const reverse = this.#directions[index % this.#directions.length];
      const features = layer === 0 ? input.at(-1)! : this.width;
      cell.build(features, declarations.suffixed(`_l${layer}${reverse ? '_reverse' : ''}`));
    });
    return [...input.slice(0, -1), this.width];
  }

  initialState(batch: number, device: Device): StackState {
    return this.#cells.map((cell) => cell.initialState(batch, device));
  }

  apply(xs: Tensor, context: Context = inference): Tensor {
    return this.run(xs, context).outputs;
  }

  /** The same with a state to begin from and the state it ends in. */
  run(xs: Tensor, context: Context = inference, options: RunOptions = {}): { outputs: Tensor; state: StackState } {
    const D = this.#directions.length;
    const rate = this.config.dropout ?? 0;
    const state: CellState[] = [];
    let current = xs;
    for (let layer = 0; layer < this.#cells.length / D; layer++) {
      if (layer > 0 && context.training) current = dropout(current, rate, context.random);
      const outputs = this.#directions.map((reverse, direction) => {
        const index = layer * D + direction;
        const unrolled = unroll(this.#cells[index], current, options.state?.[index], {
          lengths: options.lengths,
          reverse,
          probe: options.probe?.(layer, reverse),
          fused: options.fused,
          form: options.form,
        });
        state.push(unrolled.state);
        return unrolled.outputs;
      });
      current = concat(outputs, -1);
    }
    return { outputs: current, state };
  }
}
