import { count, number } from '../../checks.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { cellConfig } from '../layer-config.ts';
import type { Cell } from './cell.ts';
import { defineCell } from './define.ts';

export interface RhnOptions {
  readonly hidden: number;
  /** How many highway layers the state passes in one step. Default 3. */
  readonly depth?: number;
  /** First value of the transform gates' bias; below 0 a new cell mostly carries. Default −2. */
  readonly gateBias?: number;
}

/**
 * Recurrent highway cell (Zilly 2016), with the carry gate coupled to the transform gate. One step passes `depth` layers;
 * x enters at the first of them, s_0 = h_{t−1}:
 *
 *     n_l = tanh(W_n,l [x_t; s_{l−1}] + b_n,l),   g_l = σ(W_g,l [x_t; s_{l−1}] + b_g,l)
 *     s_l = g_l ⊙ n_l + (1 − g_l) ⊙ s_{l−1},      h_t = s_depth
 *
 * (x_t only where l = 1). Shapes: x `[B, F]`, h `[B, H]`. Parameters for l = 1 … depth: `weight_n<l>`, `weight_g<l>`
 * [H, F + H] for the first layer and [H, H] for the others, `bias_n<l>`, `bias_g<l>` [H].
 * @throws ConfigError if depth is not a whole number from 1
 */
export function rhnCell(options: RhnOptions): Cell {
  const { hidden, depth = 3, gateBias = -2 } = cellConfig('rhn', options, { depth: count, gateBias: number() });
  const rhn = defineCell({
    name: 'rhn',
    initialState: ({ zeros }) => ({ h: zeros(hidden) }),
    step(x, { h }, { linear }) {
      const gates: Record<string, Tensor> = {};
      let s = h;
      for (let l = 1; l <= depth; l++) {
        const inputs = l === 1 ? [x, s] : [s];
        const n = linear(`n${l}`, inputs).tanh();
        const g = linear(`g${l}`, inputs, { bias: gateBias }).sigmoid();
        s = g.mul(n).add(g.mul(-1).add(1).mul(s));
        gates[`g${l}`] = g;
      }
      return { output: s, state: { h: s }, gates };
    },
  });
  return rhn.create({ hidden, depth, gateBias } as RhnOptions);
}
