import type { GraphChart, GraphNode } from '../charts/graph-chart.ts';
import { type BlockArchitecture, type BlockBranch, blockEnds } from './block-architecture.ts';

/** A block as boxes and arrows for `graphChart`: its input at the bottom, each branch and each sum a box. */
export function blockGraph(architecture: BlockArchitecture): Pick<GraphChart, 'nodes' | 'edges'> {
  const value = (from: number): string => (from === 0 ? 'in' : `n${from - 1}`);
  const nodes: GraphNode[] = [{ id: 'in', lines: ['input'], kind: 'end' }];
  const edges: GraphChart['edges'][number][] = [];
  architecture.nodes.forEach((branches, i) => {
    branches.forEach((branch, k) => {
      const id = `n${i}.${k}`;
      nodes.push({ id, lines: branchLabel(branch) });
      edges.push({ from: value(branch.from), to: id }, { from: id, to: `n${i}` });
    });
    nodes.push({ id: `n${i}`, lines: [`n${i}: +`] });
  });
  const ends = blockEnds(architecture);
  const joined = ends.length > 1;
  if (joined) nodes.push({ id: 'joined', lines: ['concatenate', 'conv 1 × 1'] });
  nodes.push({ id: 'out', lines: ['output'], kind: 'end' });
  for (const end of ends) edges.push({ from: `n${end}`, to: joined ? 'joined' : 'out' });
  if (joined) edges.push({ from: 'joined', to: 'out' });
  return { nodes, edges };
}

/** `conv` and `3 × 3`. */
function branchLabel({ operation, kernel }: BlockBranch): string[] {
  if (operation === 'identity' || (kernel === 1 && operation.endsWith('pool'))) return ['identity'];
  return [operation, `${kernel} × ${kernel}`];
}

/** A block in words, a line for each node: `n0 = conv 3 × 3 (in) + identity (in)`. */
export function blockEquations(architecture: BlockArchitecture): string[] {
  const term = (branch: BlockBranch): string =>
    `${branchLabel(branch).join(' ')} (${branch.from === 0 ? 'in' : `n${branch.from - 1}`})`;
  const ends = blockEnds(architecture).map((i) => `n${i}`);
  const output = ends.length > 1 ? `conv 1 × 1 ([${ends.join('; ')}])` : ends[0];
  return [...architecture.nodes.map((branches, i) => `n${i} = ${branches.map(term).join(' + ')}`), `out = ${output}`];
}
