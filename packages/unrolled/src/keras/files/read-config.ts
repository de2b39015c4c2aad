import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import type { KerasLayerConfig } from '../layer.ts';
import type { SequentialConfig } from '../sequential.ts';
import { modernized } from './keras-1.ts';
import { cellTable, type LayerEntry, layerTable, otherClasses, rnnOptions, withoutEffect } from './layer-table.ts';
import { camel, type Dialect, isRaw, type Raw, readActivation, readNamed } from './options.ts';
import { batchShapeOf, classOf, extentsOf, modelClasses, nameOf, type ReadLayer, within } from './parts.ts';
import { readFunctional } from './read-nodes.ts';

/**
 * A layer or a model from its configuration in a file.
 * @throws FormatError naming a layer or an option that this library lacks; nothing that a file holds is run
 */
export function readLayer(given: unknown, dialect: Dialect): ReadLayer {
  const { className, options: all, raw } = classOf(given);
  const name = nameOf(raw, all);
  return within(name, className, () => {
    const options = dialect.version === 1 ? modernized(className, all) : all;
    const common = {
      ...(name !== undefined && { name }),
      ...(options.trainable === false && { trainable: false }),
    };
    if (className === 'Sequential') return readSequential(raw, options, common, dialect);
    if (modelClasses.includes(className))
      return { raw, className, ...readFunctional(options, common, (one) => readLayer(one, dialect)) };
    const config = { ...readOptions(className, options, dialect), ...common };
    return { raw, className, config };
  });
}

function readOptions(className: string, options: Raw, dialect: Dialect): KerasLayerConfig {
  refuseCode(className);
  if (className === 'Bidirectional') return readBidirectional(options, dialect);
  if (className === 'TimeDistributed') {
    const { config } = readLayer(options.layer, dialect);
    return { layer: 'timeDistributed', of: config } as KerasLayerConfig;
  }
  if (className === 'RNN') return readRnn(options, dialect);
  const own = otherClasses[className] ?? className;
  if (!Object.hasOwn(layerTable, own)) {
    throw new FormatError('it is not one of this library; see docs/keras.md for those that are');
  }
  return readEntry(layerTable[own], withDefaults(className, options, dialect), dialect);
}

/** What holds code of its own is never run. */
function refuseCode(className: string): void {
  if (className !== 'Lambda') return;
  throw new FormatError('it holds code, which is never run; write a layer in its place');
}

/** Defaults that differ between versions, where a file leaves an option out. */
function withDefaults(className: string, options: Raw, dialect: Dialect): Raw {
  const isOld = dialect.version < 3;
  switch (className) {
    case 'CuDNNLSTM':
    case 'CuDNNGRU':
      return { ...options, ...(className === 'CuDNNGRU' && { reset_after: true }) };
    case 'LSTM':
    case 'LSTMCell':
      return isOld ? { recurrent_activation: 'hard_sigmoid', ...options } : options;
    case 'GRU':
    case 'GRUCell':
      return isOld ? { recurrent_activation: 'hard_sigmoid', reset_after: false, ...options } : options;
    case 'LeakyReLU':
      return { ...(options.alpha === undefined && { negative_slope: 0.3 }), ...options };
    default:
      return options;
  }
}

/** The options of a class that the table has. */
export function readEntry(
  { layer, options: known, only = {}, renamed = {}, fixed = {} }: LayerEntry,
  raw: Raw,
  dialect: Dialect,
) {
  const config: Record<string, unknown> = { layer, ...fixed };
  for (const [key, value] of Object.entries(raw)) {
    const name = camel(renamed[key] ?? key);
    if (Object.hasOwn(known, name)) {
      const read = readOption(known[name], name, value, dialect);
      if (read !== undefined) config[name] = read;
    } else if (Object.hasOwn(only, key)) {
      if (!only[key].some((one) => JSON.stringify(one) === JSON.stringify(value))) {
        const what = key === 'data_format' ? 'channels are read last' : `only ${shown(only[key][0])} is read`;
        throw new FormatError(`${key} is ${shown(value)}, and ${what}`, { option: key, value });
      }
    } else if (!withoutEffect.has(key) && !isOff(value)) {
      throw new FormatError(`the option ${key.slice(0, 60)} = ${shown(value)} is not known`, { option: key, value });
    }
  }
  return config as unknown as KerasLayerConfig;
}

/** A value under which an option of other versions has no effect. */
const isOff = (value: unknown): boolean => value === null || value === false || value === undefined;

function readOption(kind: LayerEntry['options'][string], name: string, value: unknown, dialect: Dialect): unknown {
  if (kind === 'activation') return readActivation(value, dialect);
  if (kind !== 'plain') return readNamed(kind, value, dialect);
  if (value === null) return undefined;
  // Keras 3 and TensorFlow.js write the axis of a normalization as a list, and the width of an attention's output.
  if ((name === 'axis' || name === 'outputShape') && Array.isArray(value) && value.length === 1) return value[0];
  return value;
}

function readBidirectional(options: Raw, dialect: Dialect): KerasLayerConfig {
  const { layer, backward_layer: backward, merge_mode: mergeMode, ...rest } = options;
  readEntry({ layer: 'bidirectional', options: {}, only: { weights: [null] } }, rest, dialect);
  const isZero = dialect.version === 3 || !dialect.isTfjs;
  const half = (given: unknown): KerasLayerConfig => {
    const { config } = readLayer(given, dialect);
    const { returnSequences, zeroOutputForMask: _, ...others } = config as KerasLayerConfig & Raw;
    // Keras 2 and 3 set masked steps to zero here; TensorFlow.js repeats the step before.
    return {
      ...others,
      ...(returnSequences !== undefined && { returnSequences }),
      ...(!isZero && { zeroOutputForMask: false }),
    };
  };
  const [of, other] = [half(layer), backward === undefined || backward === null ? null : half(backward)];
  const { name: _, ...plain } = of;
  return {
    layer: 'bidirectional',
    of: plain,
    ...(other && { backward: { ...other, name: undefined } }),
    ...(mergeMode !== undefined && { mergeMode }),
  } as unknown as KerasLayerConfig;
}

function readRnn(options: Raw, dialect: Dialect): KerasLayerConfig {
  const { cell: given, cells, ...rest } = options;
  // TensorFlow.js writes a stack as a list of cells.
  const isList = given === undefined && Array.isArray(cells);
  const cell = isList ? { class_name: 'StackedRNNCells', config: { cells } } : given;
  const { className, options: inner } = classOf(cell);
  const one = (given: unknown): unknown => {
    const { className: kind, options: own } = classOf(given);
    if (!Object.hasOwn(cellTable, kind)) {
      throw new FormatError(`the cell ${shown(kind)} is not one of this library`, { cell: kind });
    }
    return readEntry(cellTable[kind], withDefaults(kind, own, dialect), dialect);
  };
  const isStack = className === 'StackedRNNCells';
  if (isStack && !Array.isArray(inner.cells)) throw new FormatError('its StackedRNNCells have no cells');
  const entry = readEntry({ layer: 'rnn', options: rnnOptions }, rest, dialect);
  return { ...entry, cell: isStack ? (inner.cells as unknown[]).map(one) : one(cell) } as KerasLayerConfig;
}

// ── models ──────────────────────────────────────────────────────────────────────────────────────────────────

function readSequential(raw: Raw, options: Raw, common: object, dialect: Dialect): ReadLayer {
  const { layers } = options;
  if (!Array.isArray(layers)) throw new FormatError('the model has no list of layers');
  const isInput = (one: unknown): boolean => isRaw(one) && one.class_name === 'InputLayer';
  const read = layers.filter((one) => !isInput(one)).map((one) => readLayer(one, dialect));
  const first = layers.length > 0 ? classOf(layers[0]) : null;
  const head = first && (dialect.version === 1 ? modernized(first.className, first.options) : first.options);
  const shape = batchShapeOf(head) ?? (Array.isArray(options.build_input_shape) ? options.build_input_shape : null);
  const takesIds = read[0]?.className === 'Embedding';
  const config: SequentialConfig = {
    layer: 'sequential',
    ...common,
    seed: 0,
    layers: unique(read.map(({ config }) => config)),
    input: shape && { shape: extentsOf(shape), dtype: takesIds ? 'int32' : 'float32', isOpen: false },
  };
  return { raw, className: 'Sequential', config, layers: read.map((one, i) => ({ ...one, config: config.layers[i] })) };
}

/** Layers with one name get numbers, as a name is unique in a model. */
function unique(configs: readonly KerasLayerConfig[]): KerasLayerConfig[] {
  const taken = new Set<string>();
  return configs.map((config) => {
    if (config.name === undefined) return config;
    let { name } = config;
    for (let n = 1; taken.has(name); n++) name = `${config.name}_${n}`;
    taken.add(name);
    return { ...config, name };
  });
}
