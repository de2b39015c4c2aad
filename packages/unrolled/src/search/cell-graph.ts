import type { GraphChart } from '../charts/graph-chart.ts';
import { type CellArchitecture, childrenOf } from './cell-architecture.ts';
import { injectionLabel, nodeLabel } from './cell-file.ts';

type Graph = Pick<GraphChart, 'nodes' | 'edges'>;

/** A cell as boxes and arrows for `graphChart`: leaves at the bottom, h_t on top; the memory goes out dashed. */
export function cellGraph(architecture: CellArchitecture): Graph {
  const { base, nodes, inject, memory } = architecture;
  const id = (k: number): string => `a${k}`;
  // What is injected has a box of its own, which others read in the node's place.
  const value = (k: number): string => (k === inject.node ? 'inject' : id(k));
  const ends = [
    { id: 'c', lines: ['c (t−1)'], kind: 'end' as const },
    { id: 'memory', lines: ['c (t)'], kind: 'end' as const },
    { id: 'h', lines: ['h (t)'], kind: 'end' as const },
  ];
  const boxes = nodes.map((_, k) => ({ id: id(k), lines: nodeLabel(architecture, k) }));
  const edges = nodes.flatMap((_, k) =>
    (childrenOf(base, k) ?? []).map((child) => ({ from: value(child), to: id(k) })),
  );
  return {
    nodes: [...boxes, { id: 'inject', lines: [injectionLabel(architecture)] }, ...ends],
    edges: [
      ...edges,
      { from: id(inject.node), to: 'inject' },
      { from: 'c', to: 'inject', dashed: true },
      { from: id(memory), to: 'memory', dashed: true },
      { from: value(nodes.length - 1), to: 'h' },
    ],
  };
}
