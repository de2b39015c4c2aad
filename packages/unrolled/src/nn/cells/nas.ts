import { defineCell } from './define.ts';
import { gate } from './fused.ts';

/**
 * The cell found by neural architecture search (Zoph & Le 2017), as TensorFlow's NASCell computes it. With the eight
 * pairs x_k = W_x,k x_t and h_k = W_h,k h_{t−1} + b_k in this order:
 *
 *     a0 = σ(x0 + h0)   a1 = relu(x1 + h1)   a2 = σ(x2 + h2)   a3 = relu(x3 ⊙ h3)
 *     a4 = tanh(x4 + h4)   a5 = σ(x5 + h5)   a6 = tanh(x6 + h6)   a7 = σ(x7 + h7)
 *     c_t = tanh(tanh(a0 ⊙ a1) + c_{t−1}) ⊙ tanh(a2 + a3)
 *     h_t = tanh(c_t ⊙ tanh(tanh(a4 ⊙ a5) + σ(a6 + a7)))
 *
 * Shapes: x `[B, F]`, c and h `[B, H]`. Parameters: `weight_x` [8H, F], `weight_h` [8H, H], `bias_h` [8H].
 */
export const nas = defineCell({
  name: 'nas',
  initialState: ({ zeros, hidden }) => ({ c: zeros(hidden), h: zeros(hidden) }),
  step(x, { c, h }, { linear, hidden }) {
    const xs = linear('x', x, { width: 8 * hidden, bias: false });
    const hs = linear('h', h, { width: 8 * hidden });
    const sum = (k: number) => gate(xs, k, hidden).add(gate(hs, k, hidden));
    const a0 = sum(0).sigmoid();
    const a1 = sum(1).relu();
    const a2 = sum(2).sigmoid();
    const a3 = gate(xs, 3, hidden)
      .mul(gate(hs, 3, hidden))
      .relu();
    const [a4, a5, a6, a7] = [sum(4).tanh(), sum(5).sigmoid(), sum(6).tanh(), sum(7).sigmoid()];
    const cell = a0.mul(a1).tanh().add(c).tanh().mul(a2.add(a3).tanh());
    const next = cell.mul(a4.mul(a5).tanh().add(a6.add(a7).sigmoid()).tanh()).tanh();
    return { output: next, state: { c: cell, h: next }, gates: { a0, a1, a2, a3, a4, a5, a6, a7 } };
  },
});
