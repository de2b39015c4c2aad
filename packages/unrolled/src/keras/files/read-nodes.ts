import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import type { FunctionalConfig, Reference } from '../functional.ts';
import type { KerasLayerConfig } from '../layer.ts';
import { isRaw, type Raw } from './options.ts';
import { batchShapeOf, classOf, dataTypeOf, extentsOf, nameOf, type ReadLayer, within } from './parts.ts';

/** An output of a call of a layer: the layer's name, which of its calls, which of the outputs. */
type History = readonly [name: string, call: number, output: number];

interface Call {
  readonly inputs: readonly History[];
  readonly isCausal: boolean;
}

interface Place {
  readonly read: ReadLayer;
  /** Among the layers of the configuration. */
  readonly index: number;
  readonly calls: readonly Call[];
}

/** A model of calls of layers: those of Keras 2 are lists, those of Keras 3 arguments with the tensors' histories. */
export function readFunctional(
  options: Raw,
  common: object,
  readLayer: (given: unknown) => ReadLayer,
): { readonly config: FunctionalConfig; readonly layers: readonly ReadLayer[] } {
  const { layers, input_layers: inputLayers, output_layers: outputLayers } = options;
  if (!Array.isArray(layers)) throw new FormatError('the model has no list of layers');
  const inputs = namedHistories(inputLayers, 'input');
  const outputs = namedHistories(outputLayers, 'output');
  const places = new Map<string, Place>();
  const masks = masksIn(layers);
  const shapes = new Map<string, { shape: number[]; dtype: 'int32' | 'float32' }>();
  for (const given of layers) {
    const { className, options: own, raw } = classOf(given);
    const name = String(raw.name ?? own.name ?? '');
    if (className === 'InputLayer') {
      const shape = batchShapeOf(own);
      if (!shape) throw new FormatError(`the input ${shown(name)} has no shape`);
      shapes.set(name, { shape: extentsOf(shape), dtype: dataTypeOf(own.dtype) });
      continue;
    }
    if (masks.has(name)) continue;
    if (places.has(name)) throw new FormatError(`two layers are named ${shown(name)}`);
    const calls = within(nameOf(raw, own), className, () => callsOf(raw.inbound_nodes, masks));
    places.set(name, { read: readLayer(given), index: places.size, calls });
  }
  const all = [...places.values()];
  // The first call of a model inside another is its own in files of Keras 2, and not among those listed.
  const references = [
    ...all.flatMap(({ calls }) => calls.flatMap((one) => one.inputs)),
    ...outputs.map(({ history }) => history),
  ];
  const shifts = new Map<string, number>();
  for (const [name, { read }] of places) {
    const used = references.filter(([other]) => other === name).map(([, call]) => call);
    if (read.layers !== undefined && used.length > 0 && !used.includes(0)) shifts.set(name, 1);
  }
  const configs: (KerasLayerConfig & Raw)[] = all.map(({ read, calls }) => ({
    ...read.config,
    ...(calls.some(({ isCausal }) => isCausal) && { causal: true }),
  }));
  const inputIndex = new Map(inputs.map(({ history: [name] }, i) => [name, i]));
  const order: { of: number; inputs: readonly Reference[] }[] = [];
  const done = new Map<string, number>();
  const open = new Set<string>();
  const reference = ([name, call, output]: History): Reference => {
    const input = inputIndex.get(name);
    if (input !== undefined && shapes.has(name)) return [-1, input];
    const key = `${call} ${name}`;
    const known = done.get(key);
    if (known !== undefined) return [known, output];
    const place = places.get(name);
    const node = place?.calls[call - (shifts.get(name) ?? 0)];
    if (!place || !node)
      throw new FormatError(`a call refers to call ${call} of layer ${shown(name)}, which there is not`);
    if (open.has(key)) throw new FormatError(`the calls of layer ${shown(name)} depend on each other in a circle`);
    open.add(key);
    const from = node.inputs.map(reference);
    order.push({ of: place.index, inputs: from });
    done.set(key, order.length - 1);
    return [order.length - 1, output];
  };
  const to = outputs.map(({ history }) => reference(history));
  // In the order of the file, by which its folders are numbered.
  const used = [...new Set(order.map(({ of }) => of))].sort((a, b) => a - b);
  const config: FunctionalConfig = {
    layer: 'functional',
    ...common,
    seed: 0,
    inputs: inputs.map(({ name, history: [layer] }) => {
      const found = shapes.get(layer);
      if (!found) throw new FormatError(`the input ${shown(layer)} is no InputLayer`);
      return { name, ...found };
    }),
    inputForm: formOf(inputLayers),
    layers: used.map((index) => configs[index]),
    calls: order.map(({ of, inputs: from }) => ({ of: used.indexOf(of), inputs: from })),
    outputs: to,
    outputForm: formOf(outputLayers),
    outputNames: outputs.map(({ name }) => name),
  };
  return { config, layers: used.map((index) => all[index].read) };
}

const isHistory = (value: unknown): value is History =>
  Array.isArray(value) && typeof value[0] === 'string' && Number.isInteger(value[1]) && Number.isInteger(value[2]);

/** One output, a list, or by name. */
function namedHistories(given: unknown, what: string): { name: string; history: History }[] {
  const named = (history: unknown, name?: string) => {
    // A list inside a list of outputs is of a single one.
    const one = Array.isArray(history) && history.length === 1 && isHistory(history[0]) ? history[0] : history;
    if (isHistory(one)) return { name: name ?? one[0], history: one };
    throw new FormatError(`the model's ${what}s are ${shown(given)}`);
  };
  if (isHistory(given)) return [named(given)];
  if (isRaw(given)) return Object.entries(given).map(([name, one]) => named(one, name));
  if (Array.isArray(given) && given.length > 0) return given.map((one) => named(one));
  throw new FormatError(`the model has no ${what}s`);
}

const formOf = (given: unknown): 'one' | 'list' | 'record' =>
  isRaw(given) ? 'record' : isHistory(given) || (given as unknown[]).length === 1 ? 'one' : 'list';

const maskOperations = ['NotEqual', 'Any', 'LogicalAnd', 'LogicalOr'];

/**
 * Keras 3 writes how a mask is computed as calls of operations, where the mask of a layer follows from the layers before it, as
 * it does here. @returns the names of such operations @throws FormatError if one compares with another value than padding has
 */
function masksIn(layers: readonly unknown[]): ReadonlySet<string> {
  const read = layers.map((one) => classOf(one));
  const operations = read.filter(({ className }) => maskOperations.includes(className));
  const padding = read.flatMap(({ className, options }) =>
    className === 'Masking'
      ? [options.mask_value ?? 0]
      : className === 'Embedding' && options.mask_zero === true
        ? [0]
        : [],
  );
  for (const { className, raw, options } of operations) {
    const [node] = Array.isArray(raw.inbound_nodes) ? raw.inbound_nodes : [];
    const args = isRaw(node) && Array.isArray(node.args) ? node.args : [];
    if (className !== 'NotEqual' || padding.includes(args[1])) continue;
    const name = String(raw.name ?? options.name);
    throw new FormatError(`keras: layer ${shown(name)} (NotEqual): it makes a mask that no layer here makes`, {
      layer: name,
    });
  }
  return new Set(operations.map(({ raw, options }) => String(raw.name ?? options.name ?? '')));
}

function callsOf(nodes: unknown, masks: ReadonlySet<string>): Call[] {
  if (nodes === undefined || nodes === null) return [];
  if (!Array.isArray(nodes)) throw new FormatError(`its calls are ${shown(nodes)}`);
  return nodes.map((node) => (isRaw(node) ? newCall(node, masks) : oldCall(node)));
}

/** Options of calls that do not change what is computed here. */
const harmless = ['training', 'mask', 'name', 'return_attention_scores', 'use_causal_mask'];

function requireHarmless(key: string, value: unknown): void {
  const isOff =
    value === null ||
    value === false ||
    value === undefined ||
    (Array.isArray(value) && value.every((v) => v === null));
  if (isOff || (key === 'use_causal_mask' && value === true)) return;
  throw new FormatError(
    `it is called with ${key.slice(0, 60)} = ${shown(isRaw(value) ? 'a tensor' : value)}${harmless.includes(key) ? '' : ', which is not known'}`,
    { option: key },
  );
}

/** Keras 1 and 2: `[[name, call, output, options], …]`. */
function oldCall(node: unknown): Call {
  const list = Array.isArray(node) && typeof node[0] === 'string' ? [node] : node;
  if (!Array.isArray(list)) throw new FormatError(`a call is ${shown(node)}`);
  const inputs: History[] = [];
  const states: History[] = [];
  /** Of attention. */
  const further: { value?: History; key?: History } = {};
  let isCausal = false;
  for (const one of list) {
    if (!isHistory(one)) throw new FormatError(`a call takes ${shown(one)}`);
    inputs.push([one[0], one[1], one[2]]);
    const options = (one as readonly unknown[])[3];
    if (!isRaw(options)) continue;
    for (const [key, value] of Object.entries(options)) {
      if (key === 'use_causal_mask' && value === true) isCausal = true;
      // tf.keras names further inputs so.
      const given = isHistory(value) ? [value] : value;
      if (key === 'initial_state' && Array.isArray(given) && given.every(isHistory)) states.push(...given);
      else if ((key === 'value' || key === 'key') && isHistory(value)) further[key] = [value[0], value[1], value[2]];
      else if (['y', 'x'].includes(key) || key !== 'initial_state') requireHarmless(key, value);
    }
  }
  const { value, key } = further;
  return { inputs: [...inputs, ...(value ? [value] : []), ...(key ? [key] : []), ...states], isCausal };
}

/** Keras 3: `{ args, kwargs }`, with tensors anywhere. */
function newCall({ args, kwargs }: Raw, masks: ReadonlySet<string>): Call {
  const inputs = tensorsIn(args);
  const named = isRaw(kwargs) ? kwargs : {};
  for (const key of inputNames) inputs.push(...tensorsIn(named[key]));
  let isCausal = false;
  for (const [key, value] of Object.entries(named)) {
    const isKnown = inputNames.includes(key) || (maskNames.includes(key) && isMask(value, masks));
    if (!isKnown) requireHarmless(key, value);
    if (key === 'use_causal_mask' && value === true) isCausal = true;
  }
  return { inputs, isCausal };
}

/** Names of arguments that are inputs, in the order that a layer here takes them. */
const inputNames = ['inputs', 'sequences', 'x', 'initial_state', 'query', 'value', 'key'];
const maskNames = ['mask', 'query_mask', 'value_mask', 'key_mask'];

/** Whether a mask is one of those that follow from the layers before. */
const isMask = (value: unknown, masks: ReadonlySet<string>): boolean =>
  (isRaw(value) || Array.isArray(value)) && tensorsIn(value).every(([name]) => masks.has(name));

function tensorsIn(value: unknown): History[] {
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  if (value === null || value === undefined) return [];
  if (isRaw(value)) {
    const { class_name: kind, config } = value;
    if (kind === '__keras_tensor__' && isRaw(config) && isHistory(config.keras_history)) {
      const [name, call, output] = config.keras_history;
      return [[name, call, output]];
    }
    if (kind === undefined) return Object.values(value).flatMap(tensorsIn);
  }
  throw new FormatError(`it is called with ${shown(value)}, which is no tensor of the model`);
}
