import type { TypedArray } from '../../backend/backend.ts';
import { ConfigError } from '../../errors.ts';
import {
  type CellSource,
  type Context,
  cellNameOf,
  Dropout,
  inference,
  initialiseParameters,
  Linear,
  Recurrent,
  type SequenceLayer,
  type StackOptions,
  Transformer,
} from '../../nn/index.ts';
import type { Declarations, Parameters } from '../../nn/parameters.ts';
import { slice } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Problem, SequenceBatch } from './problem.ts';

/** Sizes and kind of a model: plain data. */
export interface SequenceModelConfig {
  /** A configuration, a name, or a cell of your own. Left out where there is a `transformer`. */
  readonly cell?: CellSource | undefined;
  /** H, hidden units in each layer, or the width of a Transformer. */
  readonly hidden: number;
  /** L, recurrent layers. Not used by a Transformer, whose blocks say how many there are. */
  readonly layers: number;
  /** Rate of dropout between the layers and before the output. */
  readonly dropout: number;
  /**
   * The blocks of a Transformer in place of recurrent layers: each step looks at itself and all steps before it. Positions are
   * not learnt, since sequences may have any length. Default: none.
   */
  readonly transformer?: StackOptions | undefined;
}

/** A Transformer forgets nothing: this is longer than any sequence. */
const unlimited = 2 ** 31;

/**
 * A recurrent network with a linear output: inputs `[T, B, F]` → outputs `[S, B, O]` at the last S steps.
 *
 *     h_t = cells(x_t, h_{t−1});   y_t = W h_t + b
 *
 * With a `transformer`, x_t is mapped to its width H in place of the cells: h = transformer(W_x x + b_x).
 *
 * Parameters: `<cell>.weight_ih_l0` … as in PyTorch, or `input.weight` [H, F], `input.bias` [H] and `transformer.…` as in
 * `Transformer`; `output.weight` [O, H], `output.bias` [O].
 */
export class SequenceModel {
  readonly config: SequenceModelConfig;
  readonly device: Device;
  readonly parameters: Parameters;
  readonly #input: Linear | null;
  readonly #sequence: SequenceLayer;
  readonly #dropout: Dropout;
  readonly #output: Linear;

  /** @throws ConfigError on an option that cannot work */
  constructor(device: Device, { features, outputs }: Problem, config: SequenceModelConfig, seed: number) {
    this.device = device;
    this.config = config;
    this.#input = config.transformer ? new Linear({ units: config.hidden }) : null;
    this.#sequence = sequenceOf(config);
    this.#dropout = new Dropout({ rate: config.dropout });
    this.#output = new Linear({ units: outputs });
    this.parameters = initialiseParameters(this, [-1, -1, features], device, seed);
  }

  build(inputs: Shape, declarations: Declarations): Shape {
    const { cell } = this.config;
    const mapped = this.#input?.build(inputs, declarations.within('input')) ?? inputs;
    const name = cell === undefined ? 'transformer' : cellNameOf(cell);
    const hidden = this.#sequence.build(mapped, declarations.within(name));
    return this.#output.build(hidden, declarations.within('output'));
  }

  /** The numbers of the outputs `[S, B, O]` that a batch wants. */
  predict(batch: SequenceBatch): Promise<TypedArray> {
    return this.device.read(() => this.device.withoutGradients(() => this.apply(batch)));
  }

  /** The outputs `[S, B, O]` that a batch wants. */
  apply({ steps: T, batch: B, inputs, lengths, answered }: SequenceBatch, context: Context = inference): Tensor {
    const xs = this.device.tensor(inputs, [T, B, inputs.length / (T * B)]);
    const { outputs } = this.#sequence.run(this.#input?.apply(xs) ?? xs, context, { lengths }); // [T, B, H]
    return this.#output.apply(this.#dropout.apply(slice(outputs, 0, T - answered), context));
  }
}

/** @throws ConfigError if there is no cell and no Transformer, or both, or its positions are learnt */
function sequenceOf({ cell, hidden, layers, dropout, transformer }: SequenceModelConfig): SequenceLayer {
  if ((cell === undefined) === (transformer === undefined)) {
    const received = cell === undefined ? 'neither' : 'both';
    throw new ConfigError(`long memory: give a cell or a transformer, received ${received}`, { received });
  }
  if (transformer === undefined) return new Recurrent({ cell: cell!, hidden, layers, dropout });
  if (transformer.positions === 'learnt') {
    throw new ConfigError(
      "long memory: learnt positions end at some length, and sequences may be longer; use 'rotary', 'sinusoidal' or 'none'",
      { positions: transformer.positions },
    );
  }
  return new Transformer({ ...transformer, context: unlimited });
}
