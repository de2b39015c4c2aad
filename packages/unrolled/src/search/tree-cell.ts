import { type DefinedCell, defineCell } from '../nn/cells/define.ts';
import { add, mul, relu, sigmoid, slice, tanh } from '../ops/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type CellArchitecture, childrenOf, type TreeNode } from './cell-architecture.ts';

const combine = { add, mul };
const activate = { identity: (x: Tensor) => x, tanh, sigmoid, relu };

/**
 * The cell of an architecture. With x_k = W_k x_t and h_k = U_k h_{t−1} + b_k:
 *
 *     a_k = φ_k(x_k ∘ h_k)            leaves, k < n
 *     a_k = φ_k(a_left ∘ a_right)     further nodes; the memory joins one: a_k ← φ(a_k ∘ c_{t−1})
 *     c_t = the node `memory` before its φ;   h_t = the root
 *
 * Shapes: x `[B, F]`, c and h `[B, H]`. Parameters: `weight_x` [nH, F], `weight_h` [nH, H], `bias_h` [nH]; n·H(F + H + 1) in all,
 * whatever the tree.
 * @param name  of the cell. Default 'tree'
 * @throws ConfigError if the name is not valid
 */
export function treeCell(architecture: CellArchitecture, name = 'tree'): DefinedCell {
  const { base, nodes, inject, memory } = architecture;
  return defineCell({
    name,
    initialState: ({ zeros, hidden }) => ({ c: zeros(hidden), h: zeros(hidden) }),
    step(x, { c, h }, { linear, hidden }) {
      const xs = linear('x', x, { width: base * hidden, bias: false });
      const hs = linear('h', h, { width: base * hidden });
      const part = (all: Tensor, k: number): Tensor => slice(all, 1, k * hidden, (k + 1) * hidden);
      const values: Tensor[] = [];
      let carried = c;
      nodes.forEach((node, k) => {
        const children = childrenOf(base, k);
        const [left, right] = children ? children.map((i) => values[i]) : [part(xs, k), part(hs, k)];
        const before = combine[node.combine](left, right);
        const value = activate[node.activation](before);
        if (k === memory) carried = before;
        values.push(k === inject.node ? injected(value, c, inject) : value);
      });
      const output = values[values.length - 1];
      const gates = Object.fromEntries(values.slice(0, -1).map((value, k) => [`a${k}`, value]));
      return { output, state: { c: carried, h: output }, gates };
    },
  });
}

const injected = (value: Tensor, c: Tensor, { combine: how, activation }: TreeNode): Tensor =>
  activate[activation](combine[how](value, c));
