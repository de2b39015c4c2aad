import type { Tensor } from '../../tensor/tensor.ts';
import { defineCell, type StateTools } from './define.ts';
import type { StepTools } from './step-tools.ts';

const initialState = ({ zeros, hidden }: StateTools): { h: Tensor } => ({ h: zeros(hidden) });

/** x̂: x itself where F = H, else a learned projection of it without bias (Jozefowicz 2015 has F = H). */
const fitted = (x: Tensor, { linear, hidden }: StepTools): Tensor =>
  x.shape[1] === hidden ? x : linear('x', x, { bias: false });

/** n ⊙ z + h ⊙ (1 − z), with the gates to inspect. */
function replaced(h: Tensor, n: Tensor, z: Tensor, r: Tensor) {
  const next = n.mul(z).add(h.mul(z.mul(-1).add(1)));
  return { output: next, state: { h: next }, gates: { z, r, n } };
}

/**
 * MUT1, the first of three cells found by evolution (Jozefowicz, Zaremba & Sutskever 2015):
 *
 *     z = σ(W_z x_t + b_z)
 *     r = σ(W_r [x_t; h_{t−1}] + b_r)
 *     h_t = tanh(W_h (r ⊙ h_{t−1}) + tanh(x̂_t) + b_h) ⊙ z + h_{t−1} ⊙ (1 − z)
 *
 * x̂ is x where F = H, else W_x x. Shapes: x `[B, F]`, h `[B, H]`. Parameters: `weight_z` [H, F], `weight_r` [H, F + H],
 * `weight_h` [H, H], `weight_x` [H, F] where F ≠ H, and `bias_z`, `bias_r`, `bias_h` [H].
 */
export const mut1 = defineCell({
  name: 'mut1',
  initialState,
  step(x, { h }, tools) {
    const z = tools.linear('z', x).sigmoid();
    const r = tools.linear('r', [x, h]).sigmoid();
    const n = tools.linear('h', r.mul(h)).add(fitted(x, tools).tanh()).tanh();
    return replaced(h, n, z, r);
  },
});

/**
 * MUT2 (Jozefowicz 2015), whose reset gate uses the input without weights:
 *
 *     z = σ(W_z [x_t; h_{t−1}] + b_z)
 *     r = σ(x̂_t + W_r h_{t−1} + b_r)
 *     h_t = tanh(W_h [r ⊙ h_{t−1}; x_t] + b_h) ⊙ z + h_{t−1} ⊙ (1 − z)
 *
 * Parameters: `weight_z` [H, F + H], `weight_r` [H, H], `weight_h` [H, H + F], `weight_x` [H, F] where F ≠ H, and
 * `bias_z`, `bias_r`, `bias_h` [H].
 */
export const mut2 = defineCell({
  name: 'mut2',
  initialState,
  step(x, { h }, tools) {
    const z = tools.linear('z', [x, h]).sigmoid();
    const r = fitted(x, tools).add(tools.linear('r', h)).sigmoid();
    const n = tools.linear('h', [r.mul(h), x]).tanh();
    return replaced(h, n, z, r);
  },
});

/**
 * MUT3 (Jozefowicz 2015), whose update gate sees tanh of the state:
 *
 *     z = σ(W_z [x_t; tanh(h_{t−1})] + b_z)
 *     r = σ(W_r [x_t; h_{t−1}] + b_r)
 *     h_t = tanh(W_h [r ⊙ h_{t−1}; x_t] + b_h) ⊙ z + h_{t−1} ⊙ (1 − z)
 *
 * Parameters: `weight_z`, `weight_r`, `weight_h` [H, F + H], and `bias_z`, `bias_r`, `bias_h` [H].
 */
export const mut3 = defineCell({
  name: 'mut3',
  initialState,
  step(x, { h }, { linear }) {
    const z = linear('z', [x, h.tanh()]).sigmoid();
    const r = linear('r', [x, h]).sigmoid();
    const n = linear('h', [r.mul(h), x]).tanh();
    return replaced(h, n, z, r);
  },
});
