import { number, oneOf, type Range, whole } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import { listOf, objectOf, type Schema, scalar } from '../schema.ts';
import { type Choices, requireChoices, type SearchSpace } from './space.ts';

export const combinations = ['add', 'mul'] as const;
/** How two values become one: their sum, or their product element by element. */
export type Combination = (typeof combinations)[number];

export const activations = ['identity', 'tanh', 'sigmoid', 'relu'] as const;
export type CellActivation = (typeof activations)[number];

/** What a node of the tree computes: φ(left ∘ right). */
export interface TreeNode {
  readonly combine: Combination;
  readonly activation: CellActivation;
}

/**
 * A recurrent cell as a tree of base n (Zoph & Le 2017, section 3.4): plain data. The n leaves combine W_k x_t with U_k h_{t−1};
 * each further node combines two nodes below it, in order, and the last node is h_t. The memory c_{t−1} is combined with the value
 * of one node, and c_t is the value of a node before its activation.
 */
export interface CellArchitecture {
  /** n, a power of two. */
  readonly base: number;
  /** 2n − 1 nodes: the leaves, the nodes above them, …, the root. */
  readonly nodes: readonly TreeNode[];
  /** a_node ← φ(a_node ∘ c_{t−1}). */
  readonly inject: TreeNode & { readonly node: number };
  /** The node that gives c_t. */
  readonly memory: number;
}

/** The largest base: a cell has 2n matrices. */
const mostLeaves = 16;
const isBase = (value: unknown): boolean => [2, 4, 8, mostLeaves].includes(value as number);
export const baseKind = { must: `2, 4, 8 or ${mostLeaves}`, fits: isBase };

/** The two nodes below a node of the tree; null for a leaf. */
export function childrenOf(base: number, node: number): readonly [number, number] | null {
  if (node < base) return null;
  const left = 2 * (node - base);
  return [left, left + 1];
}

const nodeCount = (base: number): number => 2 * base - 1;

/**
 * The space of such cells. In Zoph & Le's order: combination and activation of every node, those with which the memory is
 * injected, the node that gives c_t, and the node that the memory is injected into. For n = 8 there are 6.3 · 10¹⁶.
 * @throws ConfigError unless n is 2, 4, 8 or 16
 */
export function cellSpace(base = 8): SearchSpace & { readonly base: number } {
  if (!isBase(base)) throw new ConfigError(`cellSpace: the base must be ${baseKind.must}, received ${base}`, { base });
  const nodes = Array.from({ length: nodeCount(base) }, (_, i) => `a${i}`);
  const node = (name: string) => [
    { name: `${name} combine`, choices: combinations },
    { name: `${name} activation`, choices: activations },
  ];
  const decisions = [
    ...nodes.flatMap(node),
    ...node('inject'),
    { name: 'memory from', choices: nodes },
    { name: 'inject into', choices: nodes },
  ];
  return { name: `cells of base ${base}`, base, decisions };
}

/** The cell that choices of `cellSpace` make. @throws ConfigError if they are of another space */
export function cellArchitecture(space: ReturnType<typeof cellSpace>, choices: Choices): CellArchitecture {
  requireChoices(space, choices);
  const { base } = space;
  const count = nodeCount(base);
  const node = (i: number): TreeNode => ({
    combine: combinations[choices[2 * i]],
    activation: activations[choices[2 * i + 1]],
  });
  return {
    base,
    nodes: Array.from({ length: count }, (_, i) => node(i)),
    inject: { node: choices[2 * count + 3], ...node(count) },
    memory: choices[2 * count + 2],
  };
}

/** The choices that make a cell. */
export function cellChoices({ nodes, inject, memory }: CellArchitecture): Choices {
  const node = ({ combine, activation }: TreeNode) => [combinations.indexOf(combine), activations.indexOf(activation)];
  return [...[...nodes, inject].flatMap(node), memory, inject.node];
}

const index = (range: Range): Schema<number> => scalar<number>(whole(range));
const nodeFields = {
  combine: scalar<Combination>(oneOf(combinations)),
  activation: scalar<CellActivation>(oneOf(activations)),
};

/** Reads an architecture of unknown origin, such as JSON from a file. @throws FormatError naming what is wrong */
export const cellArchitectureSchema: Schema<CellArchitecture> = (value, place) => {
  const base = scalar<number>(baseKind)((value as Partial<CellArchitecture> | null)?.base, `${place}.base`);
  const count = nodeCount(base);
  const node = index({ from: 0, to: count - 1 });
  const read = objectOf<CellArchitecture>({
    base: scalar(number()),
    nodes: listOf(objectOf<TreeNode>(nodeFields), count),
    inject: objectOf<CellArchitecture['inject']>({ ...nodeFields, node }),
    memory: node,
  })(value, place);
  return { ...read, nodes: read.nodes.slice(0, count) };
};

/**
 * The cell that Zoph & Le (2017) found on the Penn Treebank, as TensorFlow's NASCell has it: the library's cell `nas`. Leaves
 * a0 … a7, the layer above them a8 … a11, then a12, a13 and the root a14.
 */
export const nasArchitecture: CellArchitecture = {
  base: 8,
  nodes: [
    { combine: 'add', activation: 'sigmoid' },
    { combine: 'add', activation: 'relu' },
    { combine: 'add', activation: 'sigmoid' },
    { combine: 'mul', activation: 'relu' },
    { combine: 'add', activation: 'tanh' },
    { combine: 'add', activation: 'sigmoid' },
    { combine: 'add', activation: 'tanh' },
    { combine: 'add', activation: 'sigmoid' },
    { combine: 'mul', activation: 'tanh' },
    { combine: 'add', activation: 'tanh' },
    { combine: 'mul', activation: 'tanh' },
    { combine: 'add', activation: 'sigmoid' },
    { combine: 'mul', activation: 'identity' },
    { combine: 'add', activation: 'tanh' },
    { combine: 'mul', activation: 'tanh' },
  ],
  inject: { node: 8, combine: 'add', activation: 'tanh' },
  memory: 12,
};
