import { add, mul, sigmoid, tanh } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type Initialiser, zeros } from '../initialisers.ts';
import type { Declarations } from '../parameters.ts';
import type { Cell, CellSequence, CellStep, SequenceOptions } from './cell.ts';
import { type FusedCellOptions, FusedWeights, fusedSequence, gate, zeroState } from './fused.ts';

export type LstmState = { readonly h: Tensor; readonly c: Tensor };

export interface LstmOptions extends FusedCellOptions {
  /**
   * First value of the forget gate's bias. Default 1, so that a new cell remembers (Jozefowicz, Zaremba & Sutskever
   * 2015); PyTorch's is 0.
   */
  readonly forgetBias?: number;
}

const gateNames = ['i', 'f', 'g', 'o'] as const;

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers 2000). Gate order i f g o,
 * PyTorch's:
 *
 *     i, f, o = σ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh),   g = tanh(…)
 *     c_t = f ⊙ c_{t−1} + i ⊙ g
 *     h_t = o ⊙ tanh(c_t)
 *
 * Shapes: x `[B, F]`, h and c `[B, H]`. Parameters: `weight_ih` [4H, F], `weight_hh` [4H, H], `bias_ih`,
 * `bias_hh` [4H].
 */
export class LstmCell implements Cell<LstmState> {
  readonly config: { readonly cell: 'lstm' } & LstmOptions;
  #weights!: FusedWeights;

  constructor(options: LstmOptions) {
    this.config = { cell: 'lstm', ...options };
  }

  get hidden(): number {
    return this.config.hidden;
  }

  build(features: number, declarations: Declarations): void {
    const forget: Initialiser = { kind: 'constant', value: this.config.forgetBias ?? 1 };
    const bias: Initialiser = { kind: 'gates', gates: [zeros, forget, zeros, zeros] };
    this.#weights = new FusedWeights('lstm', this.config, features, declarations, bias);
  }

  initialState(batch: number, device: Device): LstmState {
    return zeroState(['h', 'c'], batch, this.hidden, device);
  }

  step(x: Tensor, state: LstmState): CellStep<LstmState> {
    const gates = add(this.#weights.fromInput(x), this.#weights.fromHidden(state.h)); // [B, 4H]
    const [i, f, g, o] = [sigmoid, sigmoid, tanh, sigmoid].map((activation, index) =>
      activation(gate(gates, index, this.hidden)),
    );
    const c = add(mul(f, state.c), mul(i, g));
    const h = mul(o, tanh(c));
    return { output: h, state: { h, c }, gates: { i, f, g, o } };
  }

  sequence(xs: Tensor, state: LstmState, options: SequenceOptions<LstmState>): CellSequence<LstmState> {
    return fusedSequence({ kind: 'lstm' }, this.#weights, gateNames, xs, state, options);
  }
}
