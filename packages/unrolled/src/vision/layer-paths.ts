import { nearest, shown } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import type { Layer } from '../nn/layer.ts';
import { Sequential } from '../nn/sequential.ts';

/** The first `count` layers of a sequence, under their names: the layers themselves, as they are built. */
export function firstOf({ names, layers }: Sequential, count: number): Sequential {
  return new Sequential(Object.fromEntries(names.slice(0, count).map((name, i) => [name, layers[i]])));
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
