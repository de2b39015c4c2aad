import { ConfigError } from '../../errors.ts';
import { Dropout } from '../../nn/dropout.ts';
import type { Layer, LayerConfig } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import { Declarations } from '../../nn/parameters.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Activation, GlobalAveragePool, imageLayerFrom } from '../../nn/vision/index.ts';
import type { Shape } from '../../shape.ts';

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

export interface HeadOptions {
  /** K. */
  readonly classes: number;
  /** Units of a layer with relu between features and logits. Default: none, the head is linear. */
  readonly hidden?: number | undefined;
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
  const { classes, hidden, dropout = 0 } = options;
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
  return new Sequential(Object.fromEntries([...kept, ...pool, [names.at(-1)!, head]])).config;
}
