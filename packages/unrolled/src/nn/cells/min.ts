import { idsOf } from '../../ops/ids.ts';
import { add, at, concat, flip, mul, select, slice, sub, tap } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { cellConfig } from '../layer-config.ts';
import { activeSteps } from '../lengths.ts';
import type { Declarations } from '../parameters.ts';
import {
  type Cell,
  type CellConfig,
  type CellSequence,
  type CellStep,
  type SequenceOptions,
  SizedCell,
} from './cell.ts';
import { unchanged } from './fused.ts';
import { linearScan } from './scan.ts';
import { shapeDevice } from './shape-device.ts';
import { NamedParameters, type StepTools } from './step-tools.ts';

type LinearState = { readonly h: Tensor };

/** The coefficients of h_t = keep ⊙ h_{t−1} + taken, from the input alone, for one step or for all: `[…, F]` → `[…, H]`. */
interface Coefficients {
  readonly keep: Tensor;
  readonly taken: Tensor;
  readonly gates: Readonly<Record<string, Tensor>>;
}

/**
 * A cell whose state is a linear recurrence with coefficients that depend only on the input: they are computed for all
 * steps at once, and the recurrence is a parallel scan (`linearScan`).
 */
class LinearRecurrence extends SizedCell<never> implements Cell<LinearState> {
  readonly config: CellConfig;
  readonly #tools: NamedParameters;
  readonly #coefficients: (x: Tensor, tools: StepTools) => Coefficients;

  constructor(config: CellConfig, coefficients: (x: Tensor, tools: StepTools) => Coefficients) {
    super();
    this.config = config;
    this.#tools = new NamedParameters(config.cell, config.hidden);
    this.#coefficients = coefficients;
  }

  build(features: number, declarations: Declarations): void {
    this.#tools.declaring(declarations, () => this.#of(shapeDevice().empty([1, features])));
  }

  initialState(batch: number, device: Device): LinearState {
    return { h: device.zeros([batch, this.hidden]) };
  }

  step(x: Tensor, { h }: LinearState): CellStep<LinearState> {
    const { keep, taken, gates } = this.#of(x);
    const next = add(mul(keep, h), taken);
    return { output: next, state: { h: next }, gates };
  }

  sequence(
    xs: Tensor,
    state: LinearState,
    { reverse, lengths, onGradient }: SequenceOptions<LinearState>,
  ): CellSequence<LinearState> {
    const [T, B] = xs.shape;
    const turned = (x: Tensor): Tensor => (reverse ? flip(x) : x);
    const { keep, taken, gates } = this.#of(xs);
    // From here on in the order in which steps run. Steps beyond a row's length carry the state unchanged.
    let [a, b] = [turned(keep), turned(taken)];
    if (lengths) {
      const active = turned(activeSteps(idsOf('lengths', lengths), T, xs.device).view([T, B, 1]));
      [a, b] = [select(active, a, 1), select(active, b, 0)];
    }
    const first = add(slice(b, 0, 0, 1), mul(slice(a, 0, 0, 1), state.h));
    const scanned = linearScan(a, T === 1 ? first : concat([first, slice(b, 0, 1)]));
    const last = at(scanned, -1);
    const [h, final] = onGradient
      ? tap([scanned, last], ([dh, dLast]) => {
          // ∂L/∂h_t = ∂ℓ/∂h_t + a_{t+1} ⊙ ∂L/∂h_{t+1}: the same recurrence, run backwards.
          const from = flip(concat([slice(dh, 0, 0, T - 1), add(slice(dh, 0, T - 1), dLast)]));
          const factors = concat([xs.device.zeros([1, ...a.shape.slice(1)]), flip(slice(a, 0, 1))]);
          const total = linearScan(factors, from);
          for (let i = 0; i < T; i++) onGradient(reverse ? i : T - 1 - i, { h: at(total, i) });
        })
      : [scanned, last];
    const outputs = turned(h);
    return {
      outputs,
      state: { h: final },
      at: (t) => ({
        state: { h: at(outputs, t) },
        gates: Object.fromEntries(Object.entries(gates).map(([name, gate]) => [name, at(gate, t)])),
      }),
    };
  }

  #of(x: Tensor): Coefficients {
    return this.#tools.during(x, unchanged, () => this.#coefficients(x, this.#tools));
  }
}

export interface MinimalOptions {
  readonly hidden: number;
}

/**
 * minGRU (Feng, Tung, Ahmed, Bengio & Hajimirsadeghi 2024), the vanilla form of its main text: a GRU whose gates see
 * only the input, so that a sequence is a parallel scan.
 *
 *     z = σ(W_z x_t + b_z),   n = W_n x_t + b_n
 *     h_t = (1 − z) ⊙ h_{t−1} + z ⊙ n
 *
 * Shapes: x `[B, F]`, h `[B, H]`. Parameters: `weight_z`, `weight_n` [H, F], `bias_z`, `bias_n` [H].
 */
export function minGruCell(options: MinimalOptions): Cell<LinearState> {
  return new LinearRecurrence(cellConfig('mingru', options, {}), (x, { linear }) => {
    const z = linear('z', x).sigmoid();
    const n = linear('n', x);
    return { keep: sub(1, z), taken: mul(z, n), gates: { z, n } };
  });
}

/**
 * minLSTM (Feng 2024), its length-independent form: forget and input gate add up to 1.
 *
 *     f = σ(W_f x_t + b_f),   i = σ(W_i x_t + b_i),   n = W_n x_t + b_n
 *     h_t = f/(f + i) ⊙ h_{t−1} + i/(f + i) ⊙ n
 *
 * Shapes: x `[B, F]`, h `[B, H]`. Parameters: `weight_f`, `weight_i`, `weight_n` [H, F], `bias_f` (initially 1),
 * `bias_i`, `bias_n` [H].
 */
export function minLstmCell(options: MinimalOptions): Cell<LinearState> {
  return new LinearRecurrence(cellConfig('minlstm', options, {}), (x, { linear }) => {
    const f = linear('f', x, { bias: 1 }).sigmoid();
    const i = linear('i', x).sigmoid();
    const n = linear('n', x);
    const keep = f.div(f.add(i));
    return { keep, taken: mul(sub(1, keep), n), gates: { f, i, n } };
  });
}
