import type { TypedArray } from '../../backend/backend.ts';
import {
  type CellSource,
  type Context,
  cellNameOf,
  Dropout,
  inference,
  initialiseParameters,
  Linear,
  Recurrent,
} from '../../nn/index.ts';
import type { Declarations, Parameters } from '../../nn/parameters.ts';
import { slice } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Problem, SequenceBatch } from './problem.ts';

/** Sizes and kind of a model: plain data. */
export interface SequenceModelConfig {
  /** A configuration, a name, or a cell of your own. */
  readonly cell: CellSource;
  /** H, hidden units in each layer. */
  readonly hidden: number;
  /** L, recurrent layers. */
  readonly layers: number;
  /** Rate of dropout between the layers and before the output. */
  readonly dropout: number;
}

/**
 * A recurrent network with a linear output: inputs `[T, B, F]` → outputs `[S, B, O]` at the last S steps.
 *
 *     h_t = cells(x_t, h_{t−1});   y_t = W h_t + b
 *
 * Parameters: `<cell>.weight_ih_l0` … as in PyTorch, `output.weight` [O, H], `output.bias` [O].
 */
export class SequenceModel {
  readonly config: SequenceModelConfig;
  readonly device: Device;
  readonly parameters: Parameters;
  readonly #recurrent: Recurrent;
  readonly #dropout: Dropout;
  readonly #output: Linear;

  constructor(device: Device, { features, outputs }: Problem, config: SequenceModelConfig, seed: number) {
    this.device = device;
    this.config = config;
    const { cell, hidden, layers, dropout } = config;
    this.#recurrent = new Recurrent({ cell, hidden, layers, dropout });
    this.#dropout = new Dropout({ rate: config.dropout });
    this.#output = new Linear({ units: outputs });
    this.parameters = initialiseParameters(this, [-1, -1, features], device, seed);
  }

  build(inputs: Shape, declarations: Declarations): Shape {
    const hidden = this.#recurrent.build(inputs, declarations.within(cellNameOf(this.config.cell)));
    return this.#output.build(hidden, declarations.within('output'));
  }

  /** The numbers of the outputs `[S, B, O]` that a batch wants. */
  predict(batch: SequenceBatch): Promise<TypedArray> {
    return this.device.read(() => this.device.withoutGradients(() => this.apply(batch)));
  }

  /** The outputs `[S, B, O]` that a batch wants. */
  apply({ steps: T, batch: B, inputs, lengths, answered }: SequenceBatch, context: Context = inference): Tensor {
    const xs = this.device.tensor(inputs, [T, B, inputs.length / (T * B)]);
    const { outputs } = this.#recurrent.run(xs, context, { lengths }); // [T, B, H]
    return this.#output.apply(this.#dropout.apply(slice(outputs, 0, T - answered), context));
  }
}
