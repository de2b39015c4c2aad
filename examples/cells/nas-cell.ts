import { defineCell } from 'unrolled/nn';

/**
 * The cell that Zoph & Le found on the Penn Treebank: Neural Architecture Search with Reinforcement Learning (ICLR
 * 2017), in the form of the NASCell of TensorFlow. It is the built-in cell nas, written as a file.
 *
 * With x_k = W_k x_t and h_k = U_k h_{t−1} + b_k:
 *
 *     a0 = σ(x0 + h0)
 *     a1 = relu(x1 + h1)
 *     a2 = σ(x2 + h2)
 *     a3 = relu(x3 ⊙ h3)
 *     a4 = tanh(x4 + h4)
 *     a5 = σ(x5 + h5)
 *     a6 = tanh(x6 + h6)
 *     a7 = σ(x7 + h7)
 *     a8 = tanh(tanh(a0 ⊙ a1) + c_{t−1})
 *     a9 = tanh(a2 + a3)
 *     a10 = tanh(a4 ⊙ a5)
 *     a11 = σ(a6 + a7)
 *     c_t = a8 ⊙ a9
 *     a12 = a8 ⊙ a9
 *     a13 = tanh(a10 + a11)
 *     h_t = tanh(a12 ⊙ a13)
 *
 * Shapes: x [B, F], c and h [B, H]. Parameters: weight_x [8H, F], weight_h [8H, H], bias_h [8H].
 */
export default defineCell({
  name: 'nas-cell',
  initialState: ({ zeros, hidden }) => ({ c: zeros(hidden), h: zeros(hidden) }),
  step(input, { c, h: before }, { linear, hidden }) {
    const xs = linear('x', input, { width: 8 * hidden, bias: false });
    const hs = linear('h', before, { width: 8 * hidden });
    const x = (k: number) => xs.slice(1, k * hidden, (k + 1) * hidden);
    const h = (k: number) => hs.slice(1, k * hidden, (k + 1) * hidden);
    const a0 = x(0).add(h(0)).sigmoid();
    const a1 = x(1).add(h(1)).relu();
    const a2 = x(2).add(h(2)).sigmoid();
    const a3 = x(3).mul(h(3)).relu();
    const a4 = x(4).add(h(4)).tanh();
    const a5 = x(5).add(h(5)).sigmoid();
    const a6 = x(6).add(h(6)).tanh();
    const a7 = x(7).add(h(7)).sigmoid();
    const a8 = a0.mul(a1).tanh().add(c).tanh();
    const a9 = a2.add(a3).tanh();
    const a10 = a4.mul(a5).tanh();
    const a11 = a6.add(a7).sigmoid();
    const memory = a8.mul(a9);
    const a12 = memory;
    const a13 = a10.add(a11).tanh();
    const output = a12.mul(a13).tanh();
    return {
      output,
      state: { c: memory, h: output },
      gates: { a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13 },
    };
  },
});
