import { count, type Kinds, oneOf, required, requireOptions, whole } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import type { LayerConfig } from '../nn/layer.ts';
import type { LayerGraph } from '../nn/vision/layer-graph.ts';
import { listOf, mismatch, objectOf, type Schema, scalar } from '../schema.ts';
import type { NetworkConfig } from '../vision/networks/options.ts';
import {
  batchNorm,
  conv,
  depthwise,
  globalAveragePool,
  linear,
  maxPool,
  relu,
  sequence,
} from '../vision/networks/parts.ts';
import { type Choices, requireChoices, type SearchSpace } from './space.ts';

export const blockOperations = ['identity', 'conv', 'separable', 'max pool', 'average pool'] as const;
/**
 * What a branch does to its input, at unchanged size; a convolution has batch norm and relu.
 * - separable: depthwise, then 1 × 1 (Howard 2017)
 */
export type BlockOperation = (typeof blockOperations)[number];
export const kernels = [1, 3, 5] as const;

export interface BlockBranch {
  /** 0: the input of the block; i: its node i − 1. */
  readonly from: number;
  readonly operation: BlockOperation;
  /** Height and width; the identity has none, and pools of 1 × 1 are the identity. */
  readonly kernel: (typeof kernels)[number];
}

/**
 * A block of a convolutional network (Zoph 2018; Pham 2018): plain data. Each node adds two branches, each an operation on the
 * input or on a node before it. The nodes that none reads are the output.
 */
export interface BlockArchitecture {
  readonly nodes: readonly (readonly [BlockBranch, BlockBranch])[];
}

/** The most nodes of a block. */
const mostNodes = 8;

/**
 * The space of blocks of n nodes. In order, for each node and each of its branches: input, operation and kernel. Choices that make
 * the same block, such as the kernel of an identity, have the same key.
 * @throws ConfigError unless n is from 1 to 8
 */
export function blockSpace(nodes = 3): SearchSpace & { readonly nodes: number } {
  if (!whole({ from: 1, to: mostNodes }).fits(nodes)) {
    throw new ConfigError(`blockSpace: nodes must be a whole number from 1 to ${mostNodes}, received ${nodes}`, {
      nodes,
    });
  }
  const branch = (node: number, name: string) => [
    { name: `${name} input`, choices: ['in', ...Array.from({ length: node }, (_, i) => `n${i}`)] },
    { name: `${name} operation`, choices: blockOperations },
    { name: `${name} kernel`, choices: kernels.map(String) },
  ];
  const decisions = Array.from({ length: nodes }, (_, i) => [...branch(i, `n${i} left`), ...branch(i, `n${i} right`)]);
  const space: SearchSpace & { readonly nodes: number } = {
    ...{ name: `blocks of ${nodes} node${nodes === 1 ? '' : 's'}`, nodes, decisions: decisions.flat() },
    key: (choices) => JSON.stringify(plain(blockArchitecture(space, choices))),
  };
  return space;
}

/** The block that choices of `blockSpace` make. @throws ConfigError if they are of another space */
export function blockArchitecture(space: ReturnType<typeof blockSpace>, choices: Choices): BlockArchitecture {
  requireChoices(space, choices);
  const branch = (at: number): BlockBranch => ({
    from: choices[at],
    operation: blockOperations[choices[at + 1]],
    kernel: kernels[choices[at + 2]],
  });
  const nodes = Array.from({ length: space.nodes }, (_, i) => [branch(6 * i), branch(6 * i + 3)] as const);
  return { nodes };
}

/** The same block as all others that compute the same: kernels that have no effect are 1, and branches are in order. */
function plain({ nodes }: BlockArchitecture): BlockArchitecture {
  const branch = ({ from, operation, kernel }: BlockBranch): BlockBranch => {
    const still = operation === 'identity' || (kernel === 1 && operation.endsWith('pool'));
    return still ? { from, operation: 'identity', kernel: 1 } : { from, operation, kernel };
  };
  const text = JSON.stringify;
  return {
    nodes: nodes.map(([left, right]) => {
      const [a, b] = [branch(left), branch(right)];
      return text(a) <= text(b) ? [a, b] : [b, a];
    }),
  };
}

/** Reads an architecture of unknown origin, such as JSON from a file. @throws FormatError naming what is wrong */
export const blockArchitectureSchema: Schema<BlockArchitecture> = (value, place) => {
  const branchOf = (node: number) =>
    objectOf<BlockBranch>({
      from: scalar(whole({ from: 0, to: node })),
      operation: scalar(oneOf(blockOperations)),
      kernel: scalar({ must: '1, 3 or 5', fits: (one) => kernels.includes(one as 1) }),
    });
  const pair = (one: unknown, node: number) => {
    const branches = listOf(branchOf(node))(one, `${place}.nodes[${node}]`);
    if (branches.length !== 2) throw mismatch(`${place}.nodes[${node}]`, 'two branches', one);
    return [branches[0], branches[1]] as const;
  };
  const read = objectOf<{ nodes: readonly unknown[] }>({ nodes: listOf((one) => one, 1) })(value, place);
  if (read.nodes.length > mostNodes) throw mismatch(`${place}.nodes`, `at most ${mostNodes} nodes`, read.nodes);
  return { nodes: read.nodes.map(pair) };
};

/** The layers of a branch; null for the identity. */
function branchLayers({ operation, kernel }: BlockBranch, channels: number): LayerConfig | null {
  const padding = (kernel - 1) / 2;
  const norm = batchNorm();
  switch (operation) {
    case 'identity':
      return null;
    case 'conv':
      return sequence(conv(channels, kernel, { padding, bias: false }), norm, relu);
    case 'separable':
      return sequence(
        ...[depthwise(kernel, { padding, bias: false }), norm],
        ...[conv(channels, 1, { bias: false }), norm, relu],
      );
    default:
      if (kernel === 1) return null;
      return operation === 'max pool'
        ? maxPool(kernel, { stride: 1, padding })
        : ({ layer: 'averagePool2d', kernel, stride: 1, padding } as LayerConfig);
  }
}

/** Nodes that no other reads, counted from 0. */
export function blockEnds({ nodes }: BlockArchitecture): number[] {
  const read = new Set(nodes.flat().map(({ from }) => from - 1));
  return nodes.map((_, i) => i).filter((i) => !read.has(i));
}

/**
 * A block as the configuration of a layer, C channels to C. Where several nodes are its output, they are concatenated and a
 * convolution of 1 × 1 with batch norm and relu restores C.
 */
export function searchedBlock(architecture: BlockArchitecture, channels: number): LayerConfig {
  const nodes = architecture.nodes.map((branches) =>
    branches.map((branch) => ({ from: branch.from, layer: branchLayers(branch, channels) })),
  );
  const joined = blockEnds(architecture).length > 1;
  const projection = sequence(conv(channels, 1, { bias: false }), batchNorm(), relu);
  const config: LayerGraph['config'] = { layer: 'layerGraph', nodes, ...(joined && { projection }) };
  return config;
}

export interface SearchedNetworkOptions {
  /** K, the number of labels. */
  readonly classes: number;
  /** C, channels of the first stage; the second and third have 2C and 4C. Default 16. */
  readonly channels?: number | undefined;
  /** Blocks in each of the three stages. Default 1. */
  readonly blocks?: number | undefined;
}

const networkKinds: Kinds<SearchedNetworkOptions> = { classes: required(count), channels: count, blocks: count };

/**
 * A network for small images that consists of blocks: a convolution of 3 × 3, three stages, between which a convolution of 3 × 3
 * with a stride of 2 doubles the channels, the mean over all places, and a linear layer. The counterpart of `blockNetworkConfig`.
 * @param block  the layer of a block with so many channels, in and out
 * @throws ConfigError on an option that cannot work
 */
export function searchedNetwork(
  block: (channels: number) => LayerConfig,
  options: SearchedNetworkOptions,
): NetworkConfig {
  requireOptions('searchedNetwork', options, networkKinds);
  const { classes, channels = 16, blocks = 1 } = options;
  const stages = [1, 2, 4].flatMap((factor, i) => {
    const C = factor * channels;
    const stage = sequence(...Array.from({ length: blocks }, () => block(C)));
    const step = sequence(conv(C, 3, { stride: i === 0 ? 1 : 2, padding: 1, bias: false }), batchNorm(), relu);
    return [[i === 0 ? 'stem' : `reduce${i}`, step] as const, [`stage${i + 1}`, stage] as const];
  });
  return {
    layer: 'sequential',
    layers: { ...Object.fromEntries(stages), avgpool: globalAveragePool, fc: linear(classes) },
  };
}
