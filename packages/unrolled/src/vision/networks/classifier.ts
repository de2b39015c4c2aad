import { ConfigError } from '../../errors.ts';
import type { LayerConfig } from '../../nn/layer.ts';

interface Nested extends LayerConfig {
  readonly layers?: readonly LayerConfig[] | Readonly<Record<string, LayerConfig>>;
}

/**
 * The same network for another number of classes: the last linear layer or convolution gets as many outputs.
 * @throws ConfigError if the network ends with neither
 */
export function withClasses<Config extends LayerConfig>(config: Config, classes: number): Config {
  return changed(config, classes).config as Config;
}

interface Changed {
  readonly config: LayerConfig;
  /** Of the layer that was changed, as in the names of its parameters. */
  readonly path: string;
}

/** `withClasses`, and which layer has changed. @throws ConfigError if the network ends with no linear layer or convolution */
export function changed(config: LayerConfig, classes: number): Changed {
  const found = changedLast(config, classes);
  if (found !== null) return found;
  throw new ConfigError(
    `withClasses: the network must end with a linear layer or a convolution, besides layers without parameters; received '${config.layer}'`,
    { layer: config.layer },
  );
}

/** Layers that may follow the one that gives the classes. */
const plain = ['activation', 'dropout', 'channelDropout', 'flatten', 'globalAveragePool', 'averagePool2d', 'maxPool2d'];

function changedLast(config: Nested, classes: number): Changed | null {
  if (config.layer === 'linear') return { config: { ...config, units: classes } as LayerConfig, path: '' };
  if (config.layer === 'conv2d') return { config: { ...config, channels: classes } as LayerConfig, path: '' };
  if (config.layer !== 'sequential' || config.layers === undefined) return null;
  const entries: [string, LayerConfig][] = Object.entries(config.layers);
  const last = entries.findLastIndex(([, { layer }]) => !plain.includes(layer));
  const inner = last < 0 ? null : changedLast(entries[last][1], classes);
  if (inner === null) return null;
  const layers = entries.map(([name, layer], i): [string, LayerConfig] => [name, i === last ? inner.config : layer]);
  const isList = Array.isArray(config.layers);
  const next: Nested = { ...config, layers: isList ? layers.map(([, layer]) => layer) : Object.fromEntries(layers) };
  return { config: next, path: [entries[last][0], inner.path].filter((part) => part !== '').join('.') };
}
