import { oneOf } from '../../checks.ts';
import { add, mul, sigmoid, sub, tanh } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Initialiser } from '../initialisers.ts';
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
import {
  checkFirstBias,
  chronoKind,
  type FusedCellOptions,
  FusedWeights,
  fusedKinds,
  fusedSequence,
  gate,
  unchanged,
} from './fused.ts';

export type GruState = { readonly h: Tensor };

export interface GruOptions extends FusedCellOptions {
  /**
   * Where the reset gate acts: 'after' the recurrent product (PyTorch, Keras 3; default) or 'before' it, on the
   * state (Cho 2014).
   */
  readonly reset?: 'after' | 'before';
  /**
   * What z means: 'keep' (default; Cho 2014, PyTorch, Keras), h_t = z⊙h_{t−1} + (1−z)⊙n, or 'replace' (Chung 2014),
   * h_t = (1−z)⊙h_{t−1} + z⊙n.
   */
  readonly update?: 'keep' | 'replace';
  /**
   * T, the longest dependency in steps. Chrono initialisation: each unit gets a time scale u ~ U(1, T − 1), b_z = log u, or
   * −log u with update 'replace' (Tallec & Ollivier 2018). Default: b_z = 0.
   */
  readonly chrono?: number;
}

const gateNames = ['r', 'z', 'n'] as const;

/**
 * Gated recurrent unit (Cho 2014). Gate order r z n, PyTorch's:
 *
 *     r, z = σ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh)
 *     n = tanh(W_in x_t + b_in + r ⊙ (W_hn h_{t−1} + b_hn))        reset 'after'
 *     n = tanh(W_in x_t + b_in + W_hn (r ⊙ h_{t−1}) + b_hn)        reset 'before'
 *     h_t = z ⊙ h_{t−1} + (1 − z) ⊙ n                              update 'keep'
 *     h_t = (1 − z) ⊙ h_{t−1} + z ⊙ n                              update 'replace'
 *
 * Shapes: x `[B, F]`, h `[B, H]`. Parameters: `weight_ih` [3H, F], `weight_hh` [3H, H], `bias_ih`, `bias_hh` [3H].
 */
export class GruCell extends SizedCell<FusedWeights> implements Cell<GruState> {
  readonly config: { readonly cell: 'gru' } & GruOptions;

  /** @throws ConfigError if chrono is below 3, or `bias` is false */
  constructor(options: GruOptions) {
    super();
    this.config = cellConfig('gru', options, {
      ...fusedKinds,
      reset: oneOf(['after', 'before']),
      update: oneOf(['keep', 'replace']),
      chrono: chronoKind,
    });
    checkFirstBias('gru', options);
  }

  build(features: number, declarations: Declarations): void {
    const { update = 'keep', chrono } = this.config;
    const bias: Initialiser | undefined =
      chrono === undefined ? undefined : { kind: 'chrono', steps: chrono, signs: [0, update === 'keep' ? 1 : -1, 0] };
    this.parts = new FusedWeights('gru', this.config, features, declarations, bias);
  }

  initialState(batch: number, device: Device): GruState {
    return { h: device.zeros([batch, this.hidden]) };
  }

  step(x: Tensor, { h }: GruState, recurrent: OnRecurrent = unchanged): CellStep<GruState> {
    const { reset = 'after', update = 'keep' } = this.config;
    const gx = this.parts.fromInput(x); // [B, 3H]
    const gh = this.parts.fromHiddenGates(recurrent(h), 0, 2); // [B, 2H]
    const [r, z] = [0, 1].map((index) => sigmoid(add(gate(gx, index, this.hidden), gate(gh, index, this.hidden))));
    const fromHidden =
      reset === 'after'
        ? mul(r, this.parts.fromHiddenGates(recurrent(h), 2, 3))
        : this.parts.fromHiddenGates(recurrent(mul(r, h)), 2, 3);
    const n = tanh(add(gate(gx, 2, this.hidden), fromHidden));
    const [kept, taken] = update === 'keep' ? [z, sub(1, z)] : [sub(1, z), z];
    const next = add(mul(kept, h), mul(taken, n));
    return { output: next, state: { h: next }, gates: { r, z, n } };
  }

  sequence(xs: Tensor, state: GruState, options: SequenceOptions<GruState>): CellSequence<GruState> {
    const { reset = 'after', update = 'keep' } = this.config;
    return fusedSequence({ kind: 'gru', reset, update }, this.parts, gateNames, xs, state, options);
  }
}
