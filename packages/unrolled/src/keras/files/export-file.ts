import { oneOf, requireKind } from '../../checks.ts';
import type { Bytes } from '../../io/bytes.ts';
import { type HdfGroup, type HdfMember, writeHdf5 } from '../../io/hdf5/write.ts';
import type { NamedArray } from '../../io/safetensors.ts';
import { encodeZip } from '../../io/zip.ts';
import { joined, type KerasLayer } from '../layer.ts';
import { Model } from '../model.ts';
import { folders, projections } from './h5-weights.ts';
import { guarded } from './keras-file.ts';
import { isRaw, type Raw, snake } from './options.ts';
import { classOf } from './parts.ts';
import { placesOf } from './stored-weights.ts';
import { orderedPlaces, writeModel } from './write-config.ts';

/** The version whose layout is written. */
const kerasVersion = '3.11.0';

type Values = Readonly<Record<string, NamedArray>>;

/** A layer as it is written, beside what it is here. */
interface Written {
  readonly raw: Raw;
  readonly layer: KerasLayer<unknown>;
  readonly path: string;
  readonly name: string;
}

/** The layers of a model that was written, without its inputs. */
function writtenIn(raw: Raw, model: Model<unknown>, path: string): Written[] {
  const { options } = classOf(raw);
  const layers = (options.layers as readonly Raw[]).filter((one) => one.class_name !== 'InputLayer');
  return orderedPlaces(model).map(({ layer, config }, i) => {
    const name = config.name ?? layer.name;
    return { raw: layers[i], layer, path: joined(path, name), name };
  });
}

const variables = (arrays: readonly NamedArray[]): HdfGroup => ({
  members: { vars: { members: Object.fromEntries(arrays.map((array, i) => [String(i), array])) } },
});

/** The folders of Keras 3's weights. */
function container(raw: Raw, model: Model<unknown>, path: string, values: Values): HdfGroup {
  const next = folders();
  const members = writtenIn(raw, model, path).map(({ raw: one, layer, path: own }): [string, HdfGroup] => {
    const folder = next(String(one.class_name));
    return [folder, layer instanceof Model ? container(one, layer, own, values) : leaf(one, layer, own, values)];
  });
  return { members: { layers: { members: Object.fromEntries(members) }, vars: { members: {} } } };
}

function leaf(raw: Raw, layer: KerasLayer<unknown>, path: string, values: Values): HdfGroup {
  const { className, options } = classOf(raw);
  const inner = Object.fromEntries(layer.innerLayers());
  if (className === 'Bidirectional') {
    const ways = ['forward', 'backward'].map((way): [string, HdfGroup] => [
      `${way}_layer`,
      leaf(options.layer as Raw, inner[way], joined(path, way), values),
    ]);
    return { members: Object.fromEntries(ways) };
  }
  if (className === 'TimeDistributed') {
    return { members: { layer: leaf(options.layer as Raw, inner.layer, joined(path, 'layer'), values) } };
  }
  const arrays = layer.placedWeights(path).map((one) => values[one.path]);
  if (className === 'RNN' && isRaw(options.cell)) return { members: { cell: cellGroup(options.cell, arrays) } };
  if (className === 'MultiHeadAttention') {
    const each = arrays.length / projections.length;
    const parts = projections.map((name, i) => [name, variables(arrays.slice(i * each, (i + 1) * each))]);
    return { members: { ...Object.fromEntries(parts), vars: { members: {} } } };
  }
  return ['LSTM', 'GRU', 'SimpleRNN'].includes(className)
    ? { members: { cell: variables(arrays) } }
    : variables(arrays);
}

function cellGroup(cell: Raw, arrays: readonly NamedArray[]): HdfGroup {
  const { className, options } = classOf(cell);
  if (className !== 'StackedRNNCells') return variables(arrays);
  const next = folders();
  let at = 0;
  const members = (options.cells as readonly Raw[]).map((one): [string, HdfGroup] => {
    const count = classOf(one).options.use_bias === false ? 2 : 3;
    at += count;
    return [next(String(one.class_name)), variables(arrays.slice(at - count, at))];
  });
  return { members: { cells: { members: Object.fromEntries(members) } } };
}

/** The groups of the older form, a layer each. */
function legacy(raw: Raw, model: Model<unknown>, values: Values): HdfGroup {
  const layers = writtenIn(raw, model, '');
  const members = layers.map(({ layer, path, name }): [string, HdfGroup] => {
    const places = placesOf(layer, path);
    // Names with their number, so that none comes twice.
    const names = places.map(
      ({ path: own }, i) => `${i}_${snake(own.slice(own.lastIndexOf('/') + 1)).replaceAll('.', '_')}`,
    );
    const data = Object.fromEntries(places.map(({ path: own }, i): [string, HdfMember] => [names[i], values[own]]));
    return [
      name,
      { attributes: { weight_names: names.map((one) => `${name}/${one}`) }, members: { [name]: { members: data } } },
    ];
  });
  return {
    attributes: { ...namesOf(layers.map(({ name }) => name)), backend: 'tensorflow', keras_version: kerasVersion },
    members: {
      ...Object.fromEntries(members),
      top_level_model_weights: { attributes: { weight_names: [] }, members: {} },
    },
  };
}

/** An attribute has 64 KiB at most; Keras numbers its parts. */
function namesOf(names: readonly string[]): Record<string, readonly string[]> {
  const width = Math.max(1, ...names.map((name) => 4 * name.length));
  const most = Math.max(1, Math.floor(60_000 / width));
  if (names.length <= most) return { layer_names: names };
  const parts: Record<string, readonly string[]> = {};
  for (let i = 0; i * most < names.length; i++) parts[`layer_names${i}`] = names.slice(i * most, (i + 1) * most);
  return parts;
}

/**
 * A model as a file that Keras 3 loads: `.keras`, or `.h5` in the older form. Training state is not in it.
 * @param format  'keras' or 'h5'
 * @throws FormatError naming a layer, an activation or an option that Keras lacks
 *
 * @example
 * writeFileSync('classifier.keras', await exportKeras(model, 'keras'));
 */
export async function exportKeras<Out>(model: Model<Out>, format: 'keras' | 'h5' = 'keras'): Promise<Bytes> {
  requireKind('exportKeras', 'format', format, oneOf(['keras', 'h5']));
  const own = model as unknown as Model<unknown>;
  const raw = guarded(() => writeModel(own, { isTfjs: false }));
  const values = await own.weightsByPath();
  if (format === 'h5') {
    const attributes = { keras_version: kerasVersion, backend: 'tensorflow', model_config: JSON.stringify(raw) };
    return writeHdf5({ attributes, members: { model_weights: legacy(raw, own, values) } });
  }
  const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
  return encodeZip({
    'metadata.json': json({ keras_version: kerasVersion, date_saved: '1980-01-02@00:00:00' }),
    'config.json': json(raw),
    'model.weights.h5': writeHdf5(container(raw, own, '', values)),
  });
}

/**
 * A model as a layers model of TensorFlow.js: `model.json`, and one file of weights.
 * @returns the files by name
 * @throws FormatError naming a layer, an activation or an option that TensorFlow.js lacks
 *
 * @example
 * for (const [name, bytes] of Object.entries(await exportTfjs(model))) writeFileSync(`web/${name}`, bytes);
 */
export async function exportTfjs<Out>(model: Model<Out>): Promise<Readonly<Record<string, Bytes>>> {
  const own = model as unknown as Model<unknown>;
  const raw = guarded(() => writeModel(own, { isTfjs: true }));
  const values = await own.weightsByPath();
  const entries = tfjsWeights(raw, own, '', values);
  const size = entries.reduce((sum, { array }) => sum + array.data.length, 0);
  const numbers = new Float32Array(size);
  let at = 0;
  for (const { array } of entries) {
    numbers.set(array.data, at);
    at += array.data.length;
  }
  const shard = 'group1-shard1of1.bin';
  const weights = entries.map(({ name, array }) => ({ name, shape: array.shape, dtype: 'float32' }));
  const json = {
    format: 'layers-model',
    generatedBy: 'Unrolled',
    convertedBy: null,
    modelTopology: { ...raw, keras_version: 'tfjs-layers 4.22.0', backend: 'tensor_flow.js' },
    weightsManifest: [{ paths: [shard], weights }],
  };
  const text = new TextEncoder().encode(JSON.stringify(json));
  return { 'model.json': text as Bytes, [shard]: new Uint8Array(numbers.buffer) as Bytes };
}

/** Weights by the names that TensorFlow.js gives them. */
function tfjsWeights(
  raw: Raw,
  model: Model<unknown>,
  path: string,
  values: Values,
): { name: string; array: NamedArray }[] {
  return writtenIn(raw, model, path).flatMap(({ raw: one, layer, path: own }) => {
    const { name } = classOf(one).options;
    if (layer instanceof Model) return tfjsWeights(one, layer, own, values);
    return layer.placedWeights(own).map((place) => ({
      name: `${String(name)}/${tfjsName(one, place.path.slice(own.length + 1))}`,
      array: values[place.path],
    }));
  });
}

function tfjsName(raw: Raw, path: string): string {
  const { className, options } = classOf(raw);
  const weight = snake(path.slice(path.lastIndexOf('/') + 1));
  if (className === 'Bidirectional') {
    const [way] = path.split('/');
    return `${way}_${String(classOf(options.layer).options.name)}/${weight}`;
  }
  // A stack's weights are cell0.kernel and so on.
  const [, cell, rest] = /^cell(\d+)\.(.*)$/.exec(weight) ?? [];
  if (rest !== undefined) return `RNNCell_${cell}/${rest}`;
  if (className === 'DepthwiseConv2D' && weight === 'kernel') return 'depthwise_kernel';
  return weight;
}
