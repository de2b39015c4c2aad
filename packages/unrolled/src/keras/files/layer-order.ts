import type { Graph } from '../graph.ts';
import type { KerasLayer } from '../layer.ts';
import type { Node } from '../symbolic.ts';

/**
 * The layers of a graph in the order in which Keras keeps them, by which its files number their folders: by depth, the longest
 * way to an output, the deepest first; at one depth in the order of a walk from the outputs.
 */
export function kerasOrder({ inputs, outputs }: Graph): readonly KerasLayer<unknown>[] {
  const ends = new Set(inputs.map(({ node }) => node));
  const finished: Node[] = [];
  const seen = new Set<Node>();
  const indices = new Map<KerasLayer<unknown>, number>();
  const visit = (node: Node): void => {
    if (ends.has(node) || seen.has(node)) return;
    seen.add(node);
    if (!indices.has(node.layer!)) indices.set(node.layer!, indices.size);
    for (const before of node.inputs) visit(before.node);
    finished.push(node);
  };
  for (const output of outputs) visit(output.node);
  const depths = new Map<Node, number>();
  const ofLayers = new Map<KerasLayer<unknown>, number>();
  for (const node of finished.reverse()) {
    const layer = node.layer!;
    const depth = Math.max(depths.get(node) ?? 0, ofLayers.get(layer) ?? 0);
    ofLayers.set(layer, depth);
    depths.set(node, depth);
    for (const { node: before } of node.inputs) depths.set(before, Math.max(depth + 1, depths.get(before) ?? 0));
  }
  return [...indices.keys()].sort((a, b) => ofLayers.get(b)! - ofLayers.get(a)! || indices.get(a)! - indices.get(b)!);
}
