import { add, relu, sigmoid, tanh } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Declarations } from '../parameters.ts';
import type { Cell, CellSequence, CellStep, SequenceOptions } from './cell.ts';
import { type FusedCellOptions, FusedWeights, fusedSequence, zeroState } from './fused.ts';

export type RnnState = { readonly h: Tensor };

export interface RnnOptions extends FusedCellOptions {
  /** φ. Default 'tanh'. */
  readonly activation?: 'tanh' | 'relu' | 'sigmoid';
}

const activations = { tanh, relu, sigmoid };

/**
 * The simple recurrent cell (Elman 1990):
 *
 *     h_t = φ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh)
 *
 * Shapes: x `[B, F]`, h `[B, H]`. Parameters: `weight_ih` [H, F], `weight_hh` [H, H], `bias_ih`, `bias_hh` [H].
 */
export class RnnCell implements Cell<RnnState> {
  readonly config: { readonly cell: 'rnn' } & RnnOptions;
  #weights!: FusedWeights;

  constructor(options: RnnOptions) {
    this.config = { cell: 'rnn', ...options };
  }

  get hidden(): number {
    return this.config.hidden;
  }

  build(features: number, declarations: Declarations): void {
    this.#weights = new FusedWeights('rnn', this.config, features, declarations);
  }

  initialState(batch: number, device: Device): RnnState {
    return zeroState(['h'], batch, this.hidden, device);
  }

  step(x: Tensor, { h }: RnnState): CellStep<RnnState> {
    const activation = activations[this.config.activation ?? 'tanh'];
    const next = activation(add(this.#weights.fromInput(x), this.#weights.fromHidden(h)));
    return { output: next, state: { h: next } };
  }

  sequence(xs: Tensor, state: RnnState, options: SequenceOptions<RnnState>): CellSequence<RnnState> {
    const { activation = 'tanh' } = this.config;
    return fusedSequence({ kind: 'rnn', activation }, this.#weights, [], xs, state, options);
  }
}
