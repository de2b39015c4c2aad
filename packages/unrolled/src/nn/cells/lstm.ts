import { flag, number, whole } from '../../checks.ts';
import { add, linear, mul, sigmoid, tanh } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type Initialiser, zeros } from '../initialisers.ts';
import { cellConfig } from '../layer-config.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import { type Cell, type CellStep, type OnRecurrent, SizedCell } from './cell.ts';
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

export type LstmState = { readonly h: Tensor; readonly c: Tensor };

export interface LstmOptions extends FusedCellOptions {
  /**
   * Initial bias of the forget gate. Default 1, so that a new cell remembers (Jozefowicz, Zaremba & Sutskever
   * 2015); PyTorch's is 0.
   */
  readonly forgetBias?: number;
  /**
   * T, the longest dependency in steps; not together with `forgetBias`. Chrono initialisation: each unit gets a time scale
   * u ~ U(1, T − 1), b_f = log u and b_i = −log u (Tallec & Ollivier 2018).
   */
  readonly chrono?: number;
  /** Gates see the cell state (Gers & Schmidhuber 2000). Default false. */
  readonly peephole?: boolean;
  /** P, the width h and the output are projected to (Sak 2014); PyTorch's `proj_size`. Default: no projection. */
  readonly projection?: number;
}

const gateNames = ['i', 'f', 'g', 'o'] as const;

interface LstmParts {
  readonly weights: FusedWeights;
  /** w_ci, w_cf, w_co. */
  readonly peepholes: readonly Parameter[] | null;
  readonly projection: Parameter | null;
}

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers 2000). Gate order i f g o,
 * PyTorch's:
 *
 *     i, f, o = σ(W_ih x_t + b_ih + W_hh h_{t−1} + b_hh),   g = tanh(…)
 *     c_t = f ⊙ c_{t−1} + i ⊙ g
 *     h_t = o ⊙ tanh(c_t)
 *
 * With `peephole` the gates also see the cell state, each unit its own: i and f get w_ci ⊙ c_{t−1} and w_cf ⊙ c_{t−1},
 * o gets w_co ⊙ c_t. With `projection` h_t = W_hr (o ⊙ tanh(c_t)) is P wide, and so is the output.
 *
 * Shapes: x `[B, F]`, h `[B, H]` (`[B, P]` with a projection), c `[B, H]`. Parameters: `weight_ih` [4H, F], `weight_hh`
 * [4H, H] (or [4H, P]), `bias_ih`, `bias_hh` [4H]; `weight_ci`, `weight_cf`, `weight_co` [H] with peepholes;
 * `weight_hr` [P, H] with a projection. Without these two options a layer is one operation of the backend.
 */
export class LstmCell extends SizedCell<LstmParts> implements Cell<LstmState> {
  readonly config: { readonly cell: 'lstm' } & LstmOptions;
  readonly sequence?: NonNullable<Cell<LstmState>['sequence']>;

  /**
   * @throws ConfigError if the projection is not a whole number from 1, below H, or the forget gate's initial
   *   bias is given twice or without biases
   */
  constructor(options: LstmOptions) {
    super();
    this.config = cellConfig('lstm', options, {
      ...fusedKinds,
      forgetBias: number(),
      chrono: chronoKind,
      peephole: flag,
      projection: whole({ from: 1, below: options?.hidden }),
    });
    checkFirstBias('lstm', options);
    const { projection, peephole = false } = options;
    if (projection === undefined && !peephole) {
      this.sequence = (xs, state, walk) =>
        fusedSequence({ kind: 'lstm' }, this.parts.weights, gateNames, xs, state, walk);
    }
  }

  override get width(): number {
    return this.config.projection ?? this.hidden;
  }

  build(features: number, declarations: Declarations): void {
    const { hidden: H, forgetBias = 1, chrono, peephole = false, projection } = this.config;
    const forget: Initialiser = { kind: 'constant', value: forgetBias };
    const bias: Initialiser =
      chrono === undefined
        ? { kind: 'gates', gates: [zeros, forget, zeros, zeros] }
        : { kind: 'chrono', steps: chrono, signs: [-1, 1, 0, 0] };
    const uniform: Initialiser = { kind: 'uniform', limit: 1 / Math.sqrt(H) };
    this.parts = {
      weights: new FusedWeights('lstm', this.config, features, declarations, bias, this.width),
      peepholes: peephole
        ? ['ci', 'cf', 'co'].map((name) => declarations.declare(`weight_${name}`, [H], uniform))
        : null,
      projection: projection === undefined ? null : declarations.declare('weight_hr', [projection, H], uniform),
    };
  }

  initialState(batch: number, device: Device): LstmState {
    return { h: device.zeros([batch, this.width]), c: device.zeros([batch, this.hidden]) };
  }

  step(x: Tensor, state: LstmState, recurrent: OnRecurrent = unchanged): CellStep<LstmState> {
    const { weights, peepholes, projection } = this.parts;
    const gates = add(weights.fromInput(x), weights.fromHidden(recurrent(state.h))); // [B, 4H]
    const [wi, wf, wo] = peepholes ?? [];
    const before = (index: number, weight: Parameter | undefined, c: Tensor): Tensor => {
      const sum = gate(gates, index, this.hidden);
      return weight ? add(sum, mul(weight.value, c)) : sum;
    };
    const i = sigmoid(before(0, wi, state.c));
    const f = sigmoid(before(1, wf, state.c));
    const g = tanh(gate(gates, 2, this.hidden));
    const c = add(mul(f, state.c), mul(i, g));
    const o = sigmoid(before(3, wo, c));
    const cells = mul(o, tanh(c));
    const h = projection ? linear(cells, projection.value) : cells;
    return { output: h, state: { h, c }, gates: { i, f, g, o } };
  }
}
