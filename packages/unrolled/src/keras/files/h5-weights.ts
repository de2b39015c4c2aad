import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import type { Dataset, Group } from '../../io/hdf5/read.ts';
import type { NamedArray } from '../../io/safetensors.ts';
import { joined, type KerasLayer } from '../layer.ts';
import type { Model } from '../model.ts';
import { isRaw } from './options.ts';
import { classOf, modelClasses, type ReadLayer } from './parts.ts';
import { assign, inLayout, innerOf, pairsOf, placesOf, type WeightLayout, type Weights } from './stored-weights.ts';

/** `BatchNormalization` → `batch_normalization`, `LSTM` → `lstm`, `Conv1D` → `conv1d`: Keras 3's names of folders. */
export function folderName(className: string): string {
  const words = className.replace(/\W+/g, '').replace(/(.)([A-Z][a-z]+)/g, '$1_$2');
  return words.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
}

/** Numbers names that come again: `lstm`, `lstm_1`. */
export function folders(): (className: string) => string {
  const used = new Map<string, number>();
  return (className) => {
    const name = folderName(className);
    const times = used.get(name) ?? 0;
    used.set(name, times + 1);
    return times === 0 ? name : `${name}_${times}`;
  };
}

const groupIn = (group: Group | undefined, name: string): Group | undefined => {
  const found = group?.members.get(name);
  return found?.kind === 'group' ? found : undefined;
};

/** Whether a file of weights is one of Keras 3's, with folders by class. */
export const hasFolders = (root: Group): boolean =>
  groupIn(root, 'layers') !== undefined || groupIn(root, '_layer_checkpoint_dependencies') !== undefined;

/** The weights of Keras 3's `.weights.h5`. @throws FormatError naming the first layer whose weights are missing or do not fit */
export function readFolders(read: ReadLayer, model: Model<unknown>, root: Group): Weights {
  const weights: Weights = {};
  container(read, model, '', root, weights);
  return weights;
}

function container(
  read: ReadLayer,
  model: Model<unknown>,
  path: string,
  group: Group | undefined,
  into: Weights,
): void {
  const layers = groupIn(group, 'layers') ?? groupIn(group, '_layer_checkpoint_dependencies');
  const next = folders();
  for (const { read: one, layer, path: own, name } of pairsOf(read, model, path)) {
    const folder = groupIn(layers, next(one.className));
    if (modelClasses.includes(one.className)) container(one, layer as Model<unknown>, own, folder, into);
    else leaf(one.raw, name, layer, own, folder, into);
  }
}

/** A layer that is no model. */
function leaf(
  raw: unknown,
  name: string,
  layer: KerasLayer<unknown>,
  path: string,
  group: Group | undefined,
  into: Weights,
): void {
  const { className, options } = classOf(raw);
  if (className === 'Bidirectional') {
    for (const way of ['forward', 'backward']) {
      const inner = way === 'backward' && isRaw(options.backward_layer) ? options.backward_layer : options.layer;
      leaf(inner, name, innerOf(layer, way), joined(path, way), groupIn(group, `${way}_layer`), into);
    }
    return;
  }
  if (className === 'TimeDistributed') {
    leaf(options.layer, name, innerOf(layer, 'layer'), joined(path, 'layer'), groupIn(group, 'layer'), into);
    return;
  }
  const places = layer.placedWeights(path);
  if (places.length === 0) return;
  assign(name, places, arraysOf(className, options, group), into);
}

/** The folders of the projections of a MultiHeadAttention, in the order of its weights. */
export const projections = ['query_dense', 'key_dense', 'value_dense', 'output_dense'];

function arraysOf(
  className: string,
  options: Readonly<Record<string, unknown>>,
  group: Group | undefined,
): NamedArray[] {
  const cell = groupIn(group, 'cell');
  if (className === 'RNN' && isRaw(options.cell)) {
    const { className: kind, options: inner } = classOf(options.cell);
    if (kind !== 'StackedRNNCells' || !Array.isArray(inner.cells)) return variables(cell);
    const next = folders();
    return inner.cells.flatMap((one) => variables(groupIn(groupIn(cell, 'cells'), next(classOf(one).className))));
  }
  if (className === 'MultiHeadAttention') return projections.flatMap((name) => variables(groupIn(group, name)));
  return variables(['LSTM', 'GRU', 'SimpleRNN'].includes(className) ? cell : group);
}

/** The variables of a folder, in their order. */
function variables(group: Group | undefined): NamedArray[] {
  const list = [...(groupIn(group, 'vars')?.members ?? [])].filter(([name]) => /^\d+$/.test(name));
  return list.sort(([a], [b]) => Number(a) - Number(b)).map(([, one]) => numbers(one));
}

function numbers(one: Group | Dataset | undefined): NamedArray {
  if (one?.kind === 'dataset') return one.read();
  throw new FormatError('keras: a weight is missing in the file');
}

// ── the older form: a group for each layer, with the names of its weights ───────────────────────────────────

/** A list of names, which large files divide into several attributes. */
function namesIn(group: Group, name: string): string[] {
  const whole = group.attributes.get(name);
  if (Array.isArray(whole)) return [...whole];
  const parts: string[] = [];
  for (let i = 0; ; i++) {
    const part = group.attributes.get(`${name}${i}`);
    if (!Array.isArray(part)) return parts;
    parts.push(...part);
  }
}

/** A data set or group at a path such as `lstm/kernel:0`. */
function at(group: Group, path: string): Group | Dataset | undefined {
  let found: Group | Dataset | undefined = group;
  for (const name of path.split('/')) found = found?.kind === 'group' ? found.members.get(name) : undefined;
  return found;
}

/** The layers of an older file, and the arrays of each, in order. */
export function legacyLayers(
  group: Group,
): { readonly name: string; arrays(): NamedArray[]; readonly names: string[] }[] {
  return namesIn(group, 'layer_names').map((name) => {
    const layer = groupIn(group, name) ?? at(group, name);
    if (layer?.kind !== 'group')
      throw new FormatError(`keras: the weights of layer ${shown(name)} are missing in the file`);
    const names = namesIn(layer, 'weight_names');
    return { name, names, arrays: () => names.map((own) => numbers(at(layer, own))) };
  });
}

/** The weights of an older file. @throws FormatError naming the first layer whose weights are missing or do not fit */
export function readLegacy(read: ReadLayer, model: Model<unknown>, group: Group, layout: WeightLayout): Weights {
  const weights: Weights = {};
  const stored = legacyLayers(group).filter(({ names }) => names.length > 0);
  const pairs = pairsOf(read, model, '').filter(({ layer }) => layer.weights.length > 0);
  if (stored.length !== pairs.length) {
    throw new FormatError(
      `keras: the file has weights of ${stored.length} layers, its model has ${pairs.length} with weights`,
      {
        expected: pairs.length,
        received: stored.length,
      },
    );
  }
  const byName = new Map(stored.map((one) => [one.name.replaceAll('/', '_'), one]));
  const allNamed = pairs.every(({ name }) => byName.has(name));
  pairs.forEach(({ read: one, layer, path, name }, i) => {
    const source = (allNamed ? byName.get(name) : undefined) ?? stored[i];
    assign(name, placesOf(layer, path), inLayout(one.raw, source.arrays(), layout), weights);
  });
  return weights;
}
