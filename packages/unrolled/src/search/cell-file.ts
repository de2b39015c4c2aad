import { requireName } from '../nn/cells/step-tools.ts';
import { type CellArchitecture, childrenOf, type TreeNode } from './cell-architecture.ts';

/** A node's operations as they are written: in equations, or in code. */
interface Notation {
  combine(left: string, right: string, how: TreeNode['combine']): string;
  activate(value: string, activation: TreeNode['activation']): string;
}

const symbols = { identity: '', tanh: 'tanh', sigmoid: 'σ', relu: 'relu' } as const;

const equation: Notation = {
  combine: (left, right, how) => `${left} ${how === 'add' ? '+' : '⊙'} ${right}`,
  activate: (value, activation) => (activation === 'identity' ? value : `${symbols[activation]}(${value})`),
};

const code: Notation = {
  combine: (left, right, how) => `${left}.${how}(${right})`,
  activate: (value, activation) => (activation === 'identity' ? value : `${value}.${activation}()`),
};

/** `σ(x0 + h0)`, without the memory; the operands of leaves are x_k and h_k. */
function written({ base, nodes }: CellArchitecture, k: number, { combine, activate }: Notation, leaf = ['x', 'h']) {
  const [left, right] = childrenOf(base, k)?.map((i) => `a${i}`) ?? leaf.map((name) => `${name}${k}`);
  const before = combine(left, right, nodes[k].combine);
  return { before, after: activate(before, nodes[k].activation) };
}

/** What a node's box says: `x0 + h0` and `σ`, if it has an activation. */
export function nodeLabel(architecture: CellArchitecture, k: number): readonly string[] {
  const { combine, activation } = architecture.nodes[k];
  const sign = combine === 'add' ? '+' : '⊙';
  const operands = k < architecture.base ? `x${k} ${sign} h${k}` : sign;
  return activation === 'identity' ? [operands] : [operands, symbols[activation]];
}

/** What joins the memory: `+ c, tanh`. */
export function injectionLabel({ inject }: CellArchitecture): string {
  const activation = symbols[inject.activation];
  return `${inject.combine === 'add' ? '+' : '⊙'} c${activation ? `, ${activation}` : ''}`;
}

/**
 * The equations of a cell, a line each, with x_k = W_k x_t and h_k = U_k h_{t−1} + b_k. The node that the memory is injected into
 * has a second one.
 */
export function cellEquations(architecture: CellArchitecture): string[] {
  const { nodes, inject, memory } = architecture;
  const root = nodes.length - 1;
  return nodes.flatMap((_, k) => {
    const { before, after } = written(architecture, k, equation);
    const keeps = k === memory ? [`c_t = ${before}`] : [];
    const name = k === root ? 'h_t' : `a${k}`;
    if (k !== inject.node) return [...keeps, `${name} = ${after}`];
    const joined = equation.combine(compound(after) ? `(${after})` : after, 'c_{t−1}', inject.combine);
    return [...keeps, `${name} = ${equation.activate(joined, inject.activation)}`];
  });
}

/** Whether it needs brackets beside another operation. */
const compound = (text: string): boolean => / [+⊙] /.test(text.replace(/\([^()]*\)/g, ''));

export interface CellFileOptions {
  /** Of the cell: letters, digits, _ and −; the name of no built-in cell. */
  readonly name: string;
  /** Where the cell is from: sentences for its comment. */
  readonly about: string;
}

/**
 * A cell as a TypeScript file, as `unrolled train --cell` takes it: its equations, and a step that says the same.
 * @throws ConfigError if the name is not valid
 */
export function cellFile(architecture: CellArchitecture, { name, about }: CellFileOptions): string {
  requireName('cellFile', name);
  const { base, nodes, inject, memory } = architecture;
  const root = nodes.length - 1;
  const lines = nodes.flatMap((_, k) => {
    const { before } = written(architecture, k, code);
    // The part of all products that a leaf reads.
    const operands = k < base ? before.replace(/[xh]\d+/g, (one) => `${one[0]}(${k})`) : before;
    const kept = k === memory ? [`const memory = ${operands};`] : [];
    const value = code.activate(k === memory ? 'memory' : operands, nodes[k].activation);
    const joined =
      k === inject.node ? code.activate(code.combine(value, 'c', inject.combine), inject.activation) : value;
    return [...kept, `const ${k === root ? 'output' : `a${k}`} = ${joined};`];
  });
  const gates = Array.from({ length: root }, (_, k) => `a${k}`).join(', ');
  return `import { defineCell } from 'unrolled/nn';

/**
${comment(about)}
 *
 * With x_k = W_k x_t and h_k = U_k h_{t−1} + b_k:
 *
${cellEquations(architecture)
  .map((line) => ` *     ${line}`)
  .join('\n')}
 *
 * Shapes: x [B, F], c and h [B, H]. Parameters: weight_x [${base}H, F], weight_h [${base}H, H], bias_h [${base}H].
 */
export default defineCell({
  name: '${name}',
  initialState: ({ zeros, hidden }) => ({ c: zeros(hidden), h: zeros(hidden) }),
  step(input, { c, h: before }, { linear, hidden }) {
    const xs = linear('x', input, { width: ${base} * hidden, bias: false });
    const hs = linear('h', before, { width: ${base} * hidden });
    const x = (k: number) => xs.slice(1, k * hidden, (k + 1) * hidden);
    const h = (k: number) => hs.slice(1, k * hidden, (k + 1) * hidden);
${lines.map((line) => `    ${line}`).join('\n')}
    return {
      output,
      state: { c: memory, h: output },
      gates: { ${gates} },
    };
  },
});
`;
}

/** Sentences as lines of a comment, of at most 120 characters. */
function comment(text: string): string {
  const rows = [''];
  // What would end the comment cannot stand in it.
  for (const word of text.replaceAll('*/', '* /').split(/\s+/)) {
    const row = `${rows[rows.length - 1]} ${word}`;
    if (row.length > 114 && rows[rows.length - 1] !== '') rows.push(` ${word}`);
    else rows[rows.length - 1] = row;
  }
  return rows.map((row) => ` *${row}`).join('\n');
}
