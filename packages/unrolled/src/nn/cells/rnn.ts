import { number, oneOf } from '../../checks.ts';
import { add, relu, sigmoid, tanh } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { cellConfig } from '../layer-config.ts';
import type { Declarations } from '../parameters.ts';
import {
  type Cell,
  type CellSequence,
  type CellStep,
  type OnRecurrent,
  type SequenceOptions,
  SizedCell,
} from './cell.ts';
import { type FusedCellOptions, FusedWeights, fusedKinds, fusedSequence, unchanged } from './fused.ts';

export type RnnState = { readonly h: Tensor };

export interface RnnOptions extends FusedCellOptions {
  /** φ. Default 'tanh'. */
  readonly activation?: 'tanh' | 'relu' | 'sigmoid';
}

const activations = { tanh, relu, sigmoid };

export interface IrnnOptions extends FusedCellOptions {
  /** Initial diagonal of the recurrent weights. Default 1; below 1 the cell forgets sooner. */
  readonly scale?: number;
}

/**
 * IRNN (Le, Jaitly & Hinton 2015): the simple cell with relu, W_hh = scale·I, b = 0 and small input weights, N(0, 0.001²),
 * so that initially it only sums its inputs. Same equation, shapes and parameters as `RnnCell`.
 */
export function irnnCell(options: IrnnOptions): RnnCell {
  const { cell: _, scale = 1, ...given } = cellConfig('irnn', options, { ...fusedKinds, scale: number() });
  return new RnnCell({
    activation: 'relu',
    weightHh: { kind: 'identity', gain: scale },
    weightIh: { kind: 'normal', deviation: 0.001 },
    ...given,
  });
}

/**
 * The simple recurrent cell (Elman 1990):
 *
 *     h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh)
 *
 * Shapes: x `[B, F]`, h `[B, H]`. Parameters: `weight_ih` [H, F], `weight_hh` [H, H], `bias_ih`, `bias_hh` [H].
 */
export class RnnCell extends SizedCell<FusedWeights> implements Cell<RnnState> {
  readonly config: { readonly cell: 'rnn' } & RnnOptions;

  constructor(options: RnnOptions) {
    super();
    this.config = cellConfig('rnn', options, { ...fusedKinds, activation: oneOf(['tanh', 'relu', 'sigmoid']) });
  }

  build(features: number, declarations: Declarations): void {
    this.parts = new FusedWeights('rnn', this.config, features, declarations);
  }

  initialState(batch: number, device: Device): RnnState {
    return { h: device.zeros([batch, this.hidden]) };
  }

  step(x: Tensor, { h }: RnnState, recurrent: OnRecurrent = unchanged): CellStep<RnnState> {
    const activation = activations[this.config.activation ?? 'tanh'];
    const next = activation(add(this.parts.fromInput(x), this.parts.fromHidden(recurrent(h))));
    return { output: next, state: { h: next } };
  }

  sequence(xs: Tensor, state: RnnState, options: SequenceOptions<RnnState>): CellSequence<RnnState> {
    const { activation = 'tanh' } = this.config;
    return fusedSequence({ kind: 'rnn', activation }, this.parts, [], xs, state, options);
  }
}
