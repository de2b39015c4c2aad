import { ConfigError } from '../../errors.ts';
import { Dropout } from '../../nn/dropout.ts';
import type { Layer, LayerConfig } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import { Declarations } from '../../nn/parameters.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Activation, GlobalAveragePool, imageLayerFrom, LayerMeans } from '../../nn/vision/index.ts';
import type { Shape } from '../../shape.ts';
import { type ObservedLayer, observedLayers } from '../../vision/profile.ts';

/** A network cut before its last layer; parameters keep the names they have in the whole. */
export function splitNetwork(network: LayerConfig): { readonly backbone: Sequential; readonly head: Sequential } {
  const { layers, names } = layersOf(network);
  const named = names.map((name, i) => [name, layers[i]] as const);
  const part = (some: typeof named): Sequential => new Sequential(Object.fromEntries(some));
  return { backbone: part(named.slice(0, -1)), head: part(named.slice(-1)) };
}

function layersOf(network: LayerConfig): Sequential {
  const whole = imageLayerFrom(network);
  if (whole instanceof Sequential && whole.layers.length > 1) return whole;
  throw new ConfigError(
    'classify-images: the network must be a sequential of two layers or more, the last one its head',
  );
}

export const featureKinds = ['last', 'stage'] as const;
export type FeatureKind = (typeof featureKinds)[number];

export interface HeadOptions {
  /** K. */
  readonly classes: number;
  /** Units of a layer with relu between features and logits. Default: none, the head is linear. */
  readonly hidden?: number | undefined;
  /**
   * What the head reads: 'last', the input of the network's own classifier, or 'stage', also the means of what the blocks of its
   * last stage compute (`LayerMeans`). Default 'last'.
   */
  readonly features?: FeatureKind | undefined;
  /** Rate of dropout before the last linear layer; before a hidden one it is two fifths of it. Default 0. */
  readonly dropout?: number | undefined;
}

/** The shape of what the head reads, without the batch. @param input  `[−1, H, W, C]` */
const featuresOf = (network: LayerConfig, input: Shape): Shape =>
  splitNetwork(network).backbone.build(input, new Declarations()).slice(1);

/**
 * A network with another head in place of its last layer: (dropout →) linear to K, with a hidden layer between them where asked.
 * Features that are maps `[B, H, W, C]` are averaged first, as part of the backbone.
 * @param input  of the network, `[−1, H, W, C]`
 */
export function withHead(network: LayerConfig, input: Shape, options: HeadOptions): LayerConfig {
  const { classes, hidden, dropout = 0, features = 'last' } = options;
  const linear = (units: number, rate: number): Layer[] => [
    ...(rate > 0 ? [new Dropout({ rate })] : []),
    new Linear({ units }),
  ];
  const head = new Sequential([
    ...(hidden === undefined ? [] : [...linear(hidden, 0.4 * dropout), new Activation({ kind: 'relu' })]),
    ...linear(classes, dropout),
  ]);
  const { layers, names } = layersOf(network);
  const kept = names.slice(0, -1).map((name, i) => [name, layers[i]] as const);
  const pool = featuresOf(network, input).length === 3 ? [['features_mean', new GlobalAveragePool()] as const] : [];
  const backbone = [...kept, ...pool];
  const taken = features === 'stage' ? stageLayers(new Sequential(Object.fromEntries(backbone)).config, input) : {};
  const body = new Sequential(Object.fromEntries(backbone));
  const read = Object.keys(taken).length === 0 ? backbone : [['', new LayerMeans({ body, layers: taken })] as const];
  return new Sequential(Object.fromEntries([...read, [names.at(-1)!, head]])).config;
}

/** `features.14` of `features.14.conv.1`, `layer4.0` of `layer4.0.conv1`. */
const blockName = /^(?:[^.]+\.)*?\d+(?=\.|$)/;

/**
 * Of each block at the last resolution, the last of its widest layers, with its channels: within an inverted residual the maps
 * that its projection reads. The last block is left out where its mean is what the network ends with.
 */
function stageLayers(backbone: LayerConfig, input: Shape): Readonly<Record<string, number>> {
  const layers = observedLayers(backbone, [1, ...input.slice(1)]);
  const isBlock = (name: string): boolean =>
    blockName.test(name) || !layers.some((other) => other.name.startsWith(`${name}.`));
  const maps = layers.filter(({ name, shape }) => isBlock(name) && shape.length === 4 && shape[1] * shape[2] > 1);
  const [, rows] = maps.at(-1)?.shape ?? [];
  const blocks = new Map<string, ObservedLayer>();
  for (const layer of maps.filter(({ shape }) => shape[1] === rows)) {
    const block = blockName.exec(layer.name)?.[0] ?? layer.name;
    const widest = blocks.get(block)?.shape[3] ?? 0;
    if (layer.shape[3] >= widest) blocks.set(block, layer);
  }
  const found = [...blocks.values()];
  if (found.at(-1)?.shape[3] === layers.at(-1)?.shape.at(-1)) found.pop();
  return Object.fromEntries(found.map(({ name, shape }) => [name, shape[3]]));
}
