import { anything, callback, count, flag, oneOf, rate, required, requireOptions, shown } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import { concat, dropout } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import { type Device, requireDevice } from '../tensor/device.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Buildable } from './buildable.ts';
import type { Cell, CellState } from './cells/cell.ts';
import { type CellSource, createCell } from './cells/registry.ts';
import type { HeldUnit } from './held-units.ts';
import { type Context, inference } from './layer.ts';
import { layerConfig } from './layer-config.ts';
import type { Declarations } from './parameters.ts';
import { withRecurrentDropout } from './recurrent-dropout.ts';
import type { SequenceLayer, SequenceRunOptions, StackState } from './sequence-layer.ts';
import { type Probe, type UnrollForm, unroll } from './unroll.ts';
import { unrollRecomputed } from './unroll-recomputed.ts';

export interface RecurrentLayerOptions {
  /**
   * The cell: a name or your own cell, together with `hidden`, or a configuration that includes it. All layers and
   * directions use the same kind and size.
   */
  readonly cell: CellSource;
  /** H, unless `cell` is a configuration that includes it. */
  readonly hidden?: number;
  /** L, the number of stacked layers. Default 1. */
  readonly layers?: number;
  /** Adds a cell that runs from the end; outputs are concatenated, `[T, B, 2H]`. Default false. */
  readonly bidirectional?: boolean;
  /** Rate of dropout between layers (not after the last one, as in PyTorch). Default 0. */
  readonly dropout?: number;
  /**
   * Recurrent dropout rate in training: one mask per sequence, applied to the state where it is multiplied by weights
   * (Gal & Ghahramani 2016). The cell's fused form is then not used. Default 0.
   */
  readonly recurrentDropout?: number;
  /**
   * Gradient checkpointing: training stores only every √T-th state and recomputes the steps between in the backward
   * pass, saving memory at the cost of one more forward pass. Ignored while a probe is attached. Default false.
   */
  readonly recompute?: boolean;
}

export interface RunOptions extends SequenceRunOptions {
  /** The probe for a layer and direction, if any. */
  readonly probe?: (layer: number, reverse: boolean) => Probe | undefined;
  /** Units clamped to a value at every step, by layer and direction. Default: none. */
  readonly hold?: readonly LayerUnit[];
  /** How to run the cells; see `UnrollOptions`. */
  readonly form?: UnrollForm;
}

/** A clamped unit of one layer and direction of a stack. */
export interface LayerUnit extends HeldUnit {
  /** From 0. */
  readonly layer: number;
  /** Whether it belongs to the cell that runs from the end. Default false. */
  readonly reverse?: boolean;
}

/**
 * A stack of recurrent layers over a sequence: `[T, B, F]` → `[T, B, H]` (2H when bidirectional; where the cell projects
 * its output, its width stands for H). Parameters are named as in PyTorch: `weight_ih_l0`, `weight_hh_l0`, `bias_ih_l0`,
 * `bias_hh_l0`, with `_reverse` for the backward direction; other cells follow the same scheme, `weight_z_l1`.
 */
export class Recurrent extends Buildable<{ cells: readonly Cell[] }> implements SequenceLayer {
  readonly config: { readonly layer: 'recurrent' } & RecurrentLayerOptions;
  /** A cell like all of them. */
  readonly cell: Cell;
  readonly #directions: readonly boolean[];

  constructor(options: RecurrentLayerOptions) {
    super();
    this.config = layerConfig('recurrent', options, {
      cell: required(anything),
      hidden: count,
      layers: count,
      bidirectional: flag,
      dropout: rate,
      recurrentDropout: rate,
      recompute: flag,
    });
    const { cell, hidden, bidirectional = false } = options;
    this.#directions = bidirectional ? [false, true] : [false];
    this.cell = createCell(cell, hidden);
  }

  /** Width of the output; known once the layer is built. */
  get width(): number {
    return this.cell.width * this.#directions.length;
  }

  build(input: Shape, declarations: Declarations): Shape {
    const { cell: source, hidden, layers = 1 } = this.config;
    const D = this.#directions.length;
    // In sequence: sizes that a file states are compared with its tensors as they are declared.
    const cells: Cell[] = [];
    for (let index = 0; index < layers * D; index++) {
      const cell = index === 0 ? this.cell : createCell(source, hidden);
      const layer = Math.floor(index / D);
      const features = layer === 0 ? input.at(-1)! : cells[0].width * D;
      cell.build(features, declarations.suffixed(`_l${layer}${this.#directions[index % D] ? '_reverse' : ''}`));
      cells.push(cell);
    }
    this.parts = { cells };
    return [...input.slice(0, -1), this.width];
  }

  initialState(batch: number, device: Device): StackState {
    requireDevice('initialState', device);
    const count = (this.config.layers ?? 1) * this.#directions.length;
    return Array.from({ length: count }, () => this.cell.initialState(batch, device));
  }

  apply(xs: Tensor, context: Context = inference): Tensor {
    return this.run(xs, context).outputs;
  }

  /**
   * Like `apply`, but takes an initial state and also returns the final one.
   * @throws ConfigError if `hold` names a layer or unit that does not exist
   */
  run(xs: Tensor, context: Context = inference, options: RunOptions = {}): { outputs: Tensor; state: StackState } {
    const { cells } = this.parts;
    const D = this.#directions.length;
    const { dropout: rate = 0, recurrentDropout = 0, recompute = false } = this.config;
    requireOptions<RunOptions>('run', options, {
      state: anything,
      lengths: anything,
      probe: callback,
      hold: anything,
      form: oneOf(['fused', 'traced', 'steps']),
    });
    this.#requireLayers(options.hold ?? []);
    this.#requireStates(options.state ?? null);
    const state: CellState[] = [];
    let current = xs;
    for (let layer = 0; layer < cells.length / D; layer++) {
      if (layer > 0 && context.training) current = dropout(current, rate, context.random);
      const outputs = this.#directions.map((reverse, direction) => {
        const index = layer * D + direction;
        let cell = cells[index];
        const before = options.state?.[index];
        if (context.training && recurrentDropout > 0) {
          const like = before ?? cell.initialState(xs.shape[1], xs.device);
          cell = withRecurrentDropout(cell, recurrentDropout, like, context.random);
        }
        const probe = options.probe?.(layer, reverse);
        const run = recompute && context.training && !probe ? unrollRecomputed : unroll;
        const unrolled = run(cell, current, before, {
          lengths: options.lengths,
          reverse,
          probe,
          hold: options.hold?.filter((unit) => unit.layer === layer && (unit.reverse ?? false) === reverse),
          form: options.form,
        });
        state.push(unrolled.state);
        return unrolled.outputs;
      });
      current = concat(outputs, -1);
    }
    return { outputs: current, state };
  }

  #requireStates(state: StackState | null): void {
    const { length } = this.parts.cells;
    if (state === null || (Array.isArray(state) && state.length === length)) {
      // PyTorch's (h_n, c_n) is as long as a stack of two.
      if (!state?.some((one) => one instanceof Tensor)) return;
    }
    const received =
      Array.isArray(state) && !state.some((one) => one instanceof Tensor) ? `${state.length}` : shown(state);
    throw new ConfigError(
      `recurrent: the state is a list of ${length}, one for each layer and direction, such as [{ h, c }]; ` +
        `received ${received}`,
      { expected: length },
    );
  }

  #requireLayers(hold: readonly LayerUnit[]): void {
    const { layers = 1 } = this.config;
    for (const { layer, reverse = false } of hold) {
      if (!Number.isInteger(layer) || layer < 0 || layer >= layers || !this.#directions.includes(reverse)) {
        throw new ConfigError(
          `hold: no layer ${layer}${reverse ? ' that walks from the end' : ''}; ` +
            `layers are 0 to ${layers - 1}${this.#directions.length > 1 ? ', in both directions' : ', in one direction'}`,
          { layer, reverse, layers },
        );
      }
    }
  }
}
