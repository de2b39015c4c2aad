import { nearest, shown } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import type { Layer, LayerConfig } from '../nn/layer.ts';
import { Sequential } from '../nn/sequential.ts';
import { imageLayerFrom } from '../nn/vision/image-layers.ts';

/** The first `count` layers of a sequence, under their names: the layers themselves, as they are built. */
export function firstOf({ names, layers }: Sequential, count: number): Sequential {
  return new Sequential(Object.fromEntries(names.slice(0, count).map((name, i) => [name, layers[i]])));
}

/**
 * A network without its last layer, the head: images → the features that it reads. Names stay.
 * @throws ConfigError if it is not a sequence of two layers or more
 */
export function withoutHead(network: LayerConfig): LayerConfig {
  const whole = imageLayerFrom(network);
  if (whole instanceof Sequential && whole.layers.length > 1) return firstOf(whole, whole.layers.length - 1).config;
  throw new ConfigError('withoutHead: the network must be a sequence of two layers or more, the last one its head');
}

/** A sequence that ends, as far as it consists of sequences, with the layer of this path. */
export function upTo(sequence: Sequential, path: string): Sequential {
  const [first, ...rest] = path.split('.');
  const index = sequence.names.indexOf(first);
  if (index < 0) return sequence;
  const layer: Layer = sequence.layers[index];
  const inner = rest.length > 0 && layer instanceof Sequential ? upTo(layer, rest.join('.')) : layer;
  const before = firstOf(sequence, index);
  return new Sequential(
    Object.fromEntries([...before.names.map((name, i) => [name, before.layers[i]]), [first, inner]]),
  );
}

/** The last of these layers in the order in which they compute. @throws ConfigError if one does not exist */
export function lastOf(known: readonly string[], wanted: readonly string[]): string {
  if (wanted.length === 0) throw new ConfigError('featureMaps: name at least one layer');
  for (const name of wanted) {
    if (known.includes(name)) continue;
    const near = nearest(String(name), known);
    throw new ConfigError(
      `featureMaps: the network has no layer ${shown(name)}; ${near ? `did you mean '${near}'? ` : ''}Its layers are ${known.join(', ')}`,
      { name, known },
    );
  }
  return wanted.reduce((last, name) => (known.indexOf(name) > known.indexOf(last) ? name : last));
}
