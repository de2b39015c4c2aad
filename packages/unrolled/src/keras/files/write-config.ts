import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import type { Functional, FunctionalConfig, Reference } from '../functional.ts';
import type { KerasLayer, KerasLayerConfig } from '../layer.ts';
import type { Model } from '../model.ts';
import type { SequentialConfig } from '../sequential.ts';
import { kerasOrder } from './layer-order.ts';
import { cellTable, type LayerEntry, layerTable, rnnOptions } from './layer-table.ts';
import { type Raw, snake, writeActivation, writeNamed } from './options.ts';
import { refuseOtherMasks } from './other-masks.ts';
import { within } from './parts.ts';

/** Which program the configuration is for. */
export interface Target {
  readonly isTfjs: boolean;
  /** Before the names of layers: TensorFlow.js needs other ones in models inside each other. */
  readonly prefix?: string | undefined;
}

/** A layer with what it is in the model that is written. */
interface Place {
  readonly config: KerasLayerConfig;
  readonly layer: KerasLayer<unknown>;
  /** Of its first input. */
  readonly shape: readonly number[] | undefined;
}

type Options = KerasLayerConfig & Raw;

/** Layers that TensorFlow.js lacks. */
const notInTfjs = new Set([
  ...['depthwiseConv1D', 'separableConv1D', 'attention', 'additiveAttention', 'multiHeadAttention'],
  ...['activityRegularization', 'subtract'],
  ...['zeroPadding1D', 'cropping1D', 'upSampling1D'],
]);

const classNames = new Map<string, string>();
for (const [name, { layer }] of Object.entries({ ...layerTable, ...cellTable })) {
  if (!classNames.has(layer)) classNames.set(layer, name);
}

/** An object with a class, as each program writes it. */
function withClass(className: string, config: object, { isTfjs }: Target, module = 'keras.layers'): Raw {
  return isTfjs ? { class_name: className, config } : { module, class_name: className, config, registered_name: null };
}

const shapeOf = (shape: readonly number[]): (number | null)[] => shape.map((n) => (n < 0 ? null : n));

/** The configuration of a layer in a file. @throws FormatError naming a layer or an option that the program lacks */
export function writeLayer(place: Place, target: Target): Raw {
  const { config } = place;
  const kind = config.layer;
  return within(config.name, kind, () => {
    if (target.isTfjs && notInTfjs.has(kind)) throw new FormatError('TensorFlow.js has no such layer');
    const common = {
      name: config.name,
      trainable: config.trainable ?? true,
      ...(!target.isTfjs && { dtype: 'float32' }),
    };
    switch (kind) {
      case 'sequential':
      case 'functional':
        return writeModel(place.layer as Model<unknown>, inside(config.name, target));
      case 'bidirectional':
        return withClass('Bidirectional', { ...common, ...writeBoth(config as Options, target) }, target);
      case 'timeDistributed': {
        const { of } = config as unknown as { readonly of: KerasLayerConfig };
        const inner = {
          config: { name: `${config.name}_layer`, ...of },
          layer: place.layer.innerLayers()[0][1],
          shape: undefined,
        };
        return withClass('TimeDistributed', { ...common, layer: writeLayer(inner, target) }, target);
      }
      case 'rnn':
        return withClass('RNN', { ...common, ...writeRnn(config as Options, target) }, target);
    }
    const className = classOfKind(config as Options, place, target);
    const options = writeOptions(layerTable[className], forTarget(config as Options, target), target);
    const renamed = className === 'LeakyReLU' && target.isTfjs ? { alpha: options.negative_slope } : options;
    return withClass(className, { ...common, ...renamed }, target);
  });
}

const inside = (name: string | undefined, target: Target): Target =>
  target.isTfjs ? { ...target, prefix: `${name}_` } : target;

function classOfKind(config: Options, { shape }: Place, { isTfjs }: Target): string {
  if (config.layer === 'spatialDropout') return shape?.length === 4 ? 'SpatialDropout2D' : 'SpatialDropout1D';
  if (config.layer === 'relu' && isTfjs && config.negativeSlope !== undefined) {
    if (config.maxValue === undefined && config.threshold === undefined) return 'LeakyReLU';
    throw new FormatError('TensorFlow.js has a ReLU with a slope or a greatest value, not both');
  }
  const found = classNames.get(config.layer);
  if (found !== undefined && Object.hasOwn(layerTable, found)) return found;
  throw new FormatError('it is of this library alone, and has no class there');
}

/** Options that say what the defaults of TensorFlow.js do not. */
function forTarget(config: Options, { isTfjs }: Target): Options {
  if (!isTfjs) return config;
  const { layer } = config;
  const gated = /^(lstm|gru)/.test(layer);
  if (layer.startsWith('gru') && config.resetAfter !== false) {
    throw new FormatError('TensorFlow.js computes a GRU with resetAfter: false alone');
  }
  if (config.zeroOutputForMask === true) throw new FormatError('TensorFlow.js lacks zeroOutputForMask');
  if (config.padding === 'causal') throw new FormatError("TensorFlow.js does not compute padding 'causal' right");
  if (typeof config.groups === 'number' && config.groups > 1) throw new FormatError('TensorFlow.js lacks groups');
  const { zeroOutputForMask: _, groups: _g, ...rest } = config;
  return { ...rest, ...(gated && { recurrentActivation: config.recurrentActivation ?? 'sigmoid' }) } as Options;
}

function writeOptions(
  { options, only = {}, layer }: LayerEntry,
  given: Options,
  target: Target,
): Record<string, unknown> {
  const written: Record<string, unknown> = {};
  // Keras has no default for the size of some pools.
  const config = /^(max|average)Pooling/.test(layer) ? { ...given, poolSize: given.poolSize ?? 2 } : given;
  for (const [name, value] of Object.entries(config)) {
    if (['layer', 'name', 'trainable', 'useMask'].includes(name) || value === undefined) continue;
    const kind = options[name];
    if (kind === undefined) throw new FormatError(`the option ${name} = ${shown(value)} is not one there`);
    if (kind === 'activation') written[snake(name)] = writeActivation(value as never, target.isTfjs);
    else if (kind === 'plain') written[snake(name)] = value;
    else written[snake(name)] = writeNamed(kind, value as never, target.isTfjs);
  }
  if ('data_format' in only) written.data_format = 'channels_last';
  return written;
}

function writeBoth(config: Options, target: Target): object {
  const { of, backward, mergeMode } = config as unknown as {
    of: Options;
    backward?: Options;
    mergeMode?: string | null;
  };
  const half = (one: Options, name: string) => {
    // Zeros at masked steps are what Keras 3 does by itself here.
    const { zeroOutputForMask: zero, ...rest } = one;
    if (zero === false && !target.isTfjs && one.returnSequences === true) {
      throw new FormatError('Keras 3 sets masked steps to zero, which zeroOutputForMask: false asks it not to do');
    }
    return writeRecurrent({ ...rest, name } as Options, target);
  };
  return {
    merge_mode: mergeMode === undefined ? 'concat' : mergeMode,
    layer: half(of, `${of.layer}_inner`),
    ...(backward && { backward_layer: half(backward, `backward_${backward.layer}_inner`) }),
  };
}

function writeRecurrent(config: Options, target: Target): Raw {
  return writeLayer({ config, layer: undefined as never, shape: undefined }, target);
}

function writeRnn(config: Options, target: Target): object {
  const { cell, layer: _, name: _n, trainable: _t, ...rest } = config as Options & { readonly cell: unknown };
  const one = (given: unknown, i: number): Raw => {
    const own = given as Options;
    const className = classNames.get(own.layer);
    if (className === undefined || !Object.hasOwn(cellTable, className)) {
      throw new FormatError(`the cell ${shown((own as Raw).cell ?? own.layer)} is of this library alone`);
    }
    const options = writeOptions(cellTable[className], forTarget(own, target), target);
    return withClass(className, { name: `cell_${i}`, ...options }, target);
  };
  const options = writeOptions(
    { layer: 'rnn', options: rnnOptions },
    forTarget({ ...rest, layer: 'rnn' } as Options, target),
    target,
  );
  if (!Array.isArray(cell)) return { ...options, cell: one(cell, 0) };
  const cells = cell.map(one);
  // TensorFlow.js takes the list itself from its own files.
  return { ...options, cell: withClass('StackedRNNCells', { name: 'cells', cells }, target) };
}

// ── models ──────────────────────────────────────────────────────────────────────────────────────────────────

/** The configuration of a model. @throws FormatError naming a layer or an option that the program lacks */
export function writeModel(model: Model<unknown>, target: Target): Raw {
  const config = model.config as SequentialConfig | FunctionalConfig;
  void model.graph;
  return config.layer === 'sequential'
    ? writeSequential(model, config, target)
    : writeFunctional(model as Functional<never>, config as FunctionalConfig, target);
}

/** The layers of a model by their places in its configuration. */
export function placesIn(model: Model<unknown>, prefix = ''): Place[] {
  const { layers } = model.config as SequentialConfig;
  return layers.map((config, i) => {
    const layer = model.layers[i];
    const node = model.graph.nodes.find((one) => one.layer === layer);
    return { config: { ...config, name: prefix + model.nameOf(layer) }, layer, shape: node?.inputs[0].shape };
  });
}

/** The same in the order of Keras, which is that of a functional model's file. */
export function orderedPlaces(model: Model<unknown>): Place[] {
  const places = placesIn(model);
  if (model.config.layer === 'sequential') return places;
  const order = kerasOrder(model.graph);
  return places.sort((a, b) => order.indexOf(a.layer) - order.indexOf(b.layer));
}

function inputLayer(name: string, shape: readonly number[], dtype: string, target: Target): Raw {
  const extents = shapeOf(shape);
  const form = target.isTfjs ? { batch_input_shape: extents, sparse: false } : { batch_shape: extents, sparse: false };
  return withClass('InputLayer', { ...form, dtype, name }, target);
}

function writeSequential(model: Model<unknown>, { name, trainable }: SequentialConfig, target: Target): Raw {
  const places = placesIn(model, target.prefix);
  refuseOtherMasks(model, target.isTfjs);
  const [input] = model.graph.inputs;
  const first = inputLayer(`${target.prefix ?? ''}${name ?? model.name}_input`, input.shape, dtypeOf(model, 0), target);
  const layers = [first, ...places.map((place) => writeLayer(place, target))];
  const common = {
    name: name ?? model.name,
    ...(!target.isTfjs && { trainable: trainable ?? true, dtype: 'float32' }),
  };
  const config = { ...common, layers, ...(!target.isTfjs && { build_input_shape: shapeOf(input.shape) }) };
  return withClass('Sequential', config, target, 'keras');
}

const dtypeOf = (model: Model<unknown>, index: number): string => (model.graph.takesIdsAt(index) ? 'int32' : 'float32');

function writeFunctional(model: Functional<never>, config: FunctionalConfig, target: Target): Raw {
  const places = placesIn(model as unknown as Model<unknown>, target.prefix);
  refuseOtherMasks(model as unknown as Model<unknown>, target.isTfjs);
  const { calls, inputs } = config;
  const taken = new Set(places.map(({ config: { name } }) => name));
  const inputNames = inputs.map(({ name }) => (taken.has(name) ? `${name}_input` : `${target.prefix ?? ''}${name}`));
  /** Which call of its layer a call is. */
  const counts = new Map<number, number>();
  const numbers = calls.map(({ of }) => {
    const number = counts.get(of) ?? 0;
    counts.set(of, number + 1);
    return number;
  });
  const nodes = model.graph.nodes;
  // The first call of a model inside is its own, as it was in Keras 2.
  const shift = (of: number): number => Number(target.isTfjs && 'graph' in places[of].layer);
  const history = ([node, output]: Reference): [string, number, number] =>
    node === -1
      ? [inputNames[output], 0, 0]
      : [places[calls[node].of].config.name!, numbers[node] + shift(calls[node].of), output];
  const tensor = (reference: Reference): Raw => {
    const [node, output] = reference;
    const symbol = node === -1 ? model.graph.inputs[output] : nodes[node].outputs[output];
    const about = { shape: shapeOf(symbol.shape), dtype: symbol.dtype, keras_history: history(reference) };
    return { class_name: '__keras_tensor__', config: about };
  };
  const call = (at: number): unknown => {
    const { of, inputs: from } = calls[at];
    if (target.isTfjs) return from.map((reference) => [...history(reference), {}]);
    const { layer } = places[of];
    const [first, ...others] = from.map(tensor);
    const isRecurrent = 'stateShapes' in layer || layer.config.layer === 'bidirectional';
    if (isRecurrent && others.length > 0) return { args: [first], kwargs: { initial_state: others } };
    // Its inputs are arguments, not a list.
    if (layer.config.layer === 'multiHeadAttention') return { args: [first, ...others], kwargs: {} };
    return { args: [others.length > 0 ? [first, ...others] : first], kwargs: {} };
  };
  const layers = [
    ...inputs.map(({ shape }, i) => ({
      ...inputLayer(inputNames[i], shape, dtypeOf(model as unknown as Model<unknown>, i), target),
      name: inputNames[i],
      inbound_nodes: [],
    })),
    ...kerasOrder(model.graph).map((layer) => {
      const of = places.findIndex((one) => one.layer === layer);
      const place = places[of];
      const { causal, ...rest } = place.config as Options;
      const attends = /^(attention|additiveAttention|multiHeadAttention)$/.test(rest.layer);
      const written = writeLayer({ ...place, config: (attends ? rest : place.config) as KerasLayerConfig }, target);
      const own = calls.flatMap((one, at) => (one.of === of ? [call(at)] : []));
      const inbound =
        attends && causal === true ? own.map((one) => ({ ...(one as Raw), kwargs: { use_causal_mask: true } })) : own;
      return { ...written, name: place.config.name, inbound_nodes: inbound };
    }),
  ];
  const ends = (form: string, names: readonly string[], references: readonly Reference[]): unknown =>
    form === 'record' && !target.isTfjs
      ? Object.fromEntries(names.map((name, i) => [name, history(references[i])]))
      : references.map(history);
  const written = {
    name: config.name ?? model.name,
    ...(!target.isTfjs && { trainable: config.trainable ?? true }),
    layers,
    input_layers: ends(
      config.inputForm,
      inputs.map(({ name }) => name),
      inputs.map((_, i): Reference => [-1, i]),
    ),
    output_layers: ends(config.outputForm, config.outputNames, config.outputs),
  };
  return target.isTfjs
    ? { class_name: 'Model', config: written }
    : {
        module: 'keras.src.models.functional',
        class_name: 'Functional',
        config: written,
        registered_name: 'Functional',
      };
}
