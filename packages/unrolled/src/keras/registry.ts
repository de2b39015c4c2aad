import { nearest, shown } from '../checks.ts';
import { ConfigError, FormatError } from '../errors.ts';
import type { DefinedCell } from '../nn/cells/index.ts';
import { Functional, type FunctionalConfig, type Reference } from './functional.ts';
import type { KerasLayer, KerasLayerConfig } from './layer.ts';
import * as attention from './layers/attention.ts';
import * as convolution from './layers/convolution.ts';
import * as core from './layers/core.ts';
import { dense } from './layers/dense.ts';
import { embedding } from './layers/embedding.ts';
import * as merge from './layers/merge.ts';
import { multiHeadAttention } from './layers/multi-head-attention.ts';
import * as normalization from './layers/normalization.ts';
import * as pooling from './layers/pooling.ts';
import { bidirectional } from './layers/recurrent/both-directions.ts';
import { gru, lstm, rnn, simpleRNN } from './layers/recurrent/layers.ts';
import type { Rnn } from './layers/recurrent/rnn.ts';
import * as shapes from './layers/shapes.ts';
import { timeDistributed } from './layers/time-distributed.ts';
import type { Model, ModelOptions, OutputForm } from './model.ts';
import { Sequential, type SequentialConfig } from './sequential.ts';
import { newInput, type SymbolicTensor } from './symbolic.ts';

/** What a configuration names and the library does not have. */
export interface CustomObjects {
  /** Your own layers: what makes one from its configuration, by the `layer` in it. */
  readonly layers?: Readonly<Record<string, (config: never) => KerasLayer<unknown>>> | undefined;
  /** Your own cells, made by `defineCell`. */
  readonly cells?: readonly DefinedCell[] | undefined;
}

type Maker = (options: never) => KerasLayer<unknown>;

/** Layers that hold no others, by kind. */
const makers: Readonly<Record<string, Maker>> = {
  dense,
  activation: core.activation,
  relu: core.relu,
  prelu: core.prelu,
  softmax: core.softmax,
  dropout: core.dropout,
  spatialDropout: core.spatialDropout,
  gaussianNoise: core.gaussianNoise,
  gaussianDropout: core.gaussianDropout,
  alphaDropout: core.alphaDropout,
  activityRegularization: core.activityRegularization,
  masking: core.masking,
  embedding,
  flatten: shapes.flatten,
  reshape: shapes.reshape,
  permute: shapes.permute,
  repeatVector: shapes.repeatVector,
  zeroPadding1D: shapes.zeroPadding1D,
  zeroPadding2D: shapes.zeroPadding2D,
  cropping1D: shapes.cropping1D,
  cropping2D: shapes.cropping2D,
  upSampling1D: shapes.upSampling1D,
  upSampling2D: shapes.upSampling2D,
  add: merge.add,
  subtract: merge.subtract,
  multiply: merge.multiply,
  average: merge.average,
  maximum: merge.maximum,
  minimum: merge.minimum,
  concatenate: merge.concatenate,
  dot: merge.dot,
  batchNormalization: normalization.batchNormalization,
  layerNormalization: normalization.layerNormalization,
  conv1D: convolution.conv1D,
  conv2D: convolution.conv2D,
  depthwiseConv1D: convolution.depthwiseConv1D,
  depthwiseConv2D: convolution.depthwiseConv2D,
  separableConv1D: convolution.separableConv1D,
  separableConv2D: convolution.separableConv2D,
  maxPooling1D: pooling.maxPooling1D,
  maxPooling2D: pooling.maxPooling2D,
  averagePooling1D: pooling.averagePooling1D,
  averagePooling2D: pooling.averagePooling2D,
  globalMaxPooling1D: pooling.globalMaxPooling1D,
  globalMaxPooling2D: pooling.globalMaxPooling2D,
  globalAveragePooling1D: pooling.globalAveragePooling1D,
  globalAveragePooling2D: pooling.globalAveragePooling2D,
  attention: attention.attention,
  additiveAttention: attention.additiveAttention,
  attentionPooling: attention.attentionPooling,
  multiHeadAttention,
  simpleRNN,
  lstm,
  gru,
};

const holders = ['rnn', 'bidirectional', 'timeDistributed', 'sequential', 'functional'];

/** Kinds of layers. */
export const layerKinds: readonly string[] = [...Object.keys(makers), ...holders];

/**
 * A layer from its configuration.
 * @throws ConfigError if there is no such layer, or an option that cannot work
 */
export function layerFrom(config: KerasLayerConfig, custom: CustomObjects = {}): KerasLayer<unknown> {
  const { layer: kind, ...options } = (config ?? {}) as KerasLayerConfig & Record<string, unknown>;
  const { layers = {} } = custom;
  if (typeof kind === 'string' && Object.hasOwn(layers, kind)) return layers[kind](config as never);
  if (typeof kind === 'string' && Object.hasOwn(makers, kind)) return makers[kind](options as never);
  switch (kind) {
    case 'rnn':
      return rnn({ ...options, cell: withOwnCells(options.cell, custom) } as never);
    case 'bidirectional': {
      const { of, backward, ...rest } = options as { of: KerasLayerConfig; backward?: KerasLayerConfig };
      const backwardLayer = backward && (layerFrom(backward, custom) as Rnn<unknown>);
      return bidirectional(layerFrom(of, custom) as Rnn<unknown>, { ...rest, ...(backwardLayer && { backwardLayer }) });
    }
    case 'timeDistributed': {
      const { of, ...rest } = options as { of: KerasLayerConfig };
      return timeDistributed(layerFrom(of, custom) as KerasLayer, rest);
    }
    case 'sequential':
    case 'functional':
      return modelFrom(config as SequentialConfig, custom);
  }
  const names = [...layerKinds, ...Object.keys(layers)];
  const near = typeof kind === 'string' ? nearest(kind, names) : null;
  throw new ConfigError(
    `layer: there is no layer ${shown(kind)}; ${near ? `did you mean '${near}'? ` : ''}A layer of your own is given as ` +
      `{ layers: { ${typeof kind === 'string' ? shown(kind) : 'myLayer'}: (config) => new MyLayer(config) } }`,
    { layer: kind },
  );
}

/** Cells of the caller's own in place of their names. */
function withOwnCells(cell: unknown, { cells = [] }: CustomObjects): unknown {
  if (Array.isArray(cell)) return cell.map((one) => withOwnCells(one, { cells }));
  const config = cell as { readonly layer?: string; readonly cell?: unknown } | null;
  const own =
    typeof config === 'object' && config?.layer === 'cell' ? cells.find(({ name }) => name === config.cell) : undefined;
  return own ? { ...config, cell: own } : cell;
}

/**
 * A model from its configuration, `model.toJSON()`, with new weights.
 * @param options  a device, or another seed
 * @throws ConfigError if it names a layer that there is not, or an option that cannot work; FormatError if it is no model
 *
 * @example
 * const again = modelFrom(JSON.parse(JSON.stringify(model)), { layers: { scale: () => new Scale() } });
 */
export function modelFrom<Out extends OutputForm = SymbolicTensor>(
  config: object,
  custom: CustomObjects = {},
  options: Pick<ModelOptions, 'device' | 'seed'> = {},
): Model<Out> {
  const { layer: kind } = config as KerasLayerConfig;
  if (kind === 'sequential')
    return sequentialFrom(config as SequentialConfig, custom, options) as unknown as Model<Out>;
  if (kind === 'functional') return functionalFrom(config as FunctionalConfig, custom, options);
  throw new FormatError(`modelFrom: the configuration is of no model but of ${shown(kind)}`, { layer: kind });
}

function sequentialFrom(
  { layers, input, name, trainable, seed }: SequentialConfig,
  custom: CustomObjects,
  options: ModelOptions,
): Sequential {
  if (!Array.isArray(layers)) throw new FormatError('modelFrom: the configuration has no list of layers');
  const made = layers.map((one) => layerFrom(one, custom) as KerasLayer);
  const model = new Sequential(made, { ...named(name, trainable), seed, ...options });
  model.restoreInput(input);
  return model;
}

const named = (name: string | undefined, trainable: boolean | undefined) => ({
  ...(name !== undefined && { name }),
  ...(trainable !== undefined && { trainable }),
});

function functionalFrom(config: FunctionalConfig, custom: CustomObjects, options: ModelOptions): Functional<never> {
  const { inputs, layers, calls, outputs, inputForm, outputForm, outputNames, name, trainable, seed } = config;
  if (![inputs, layers, calls, outputs, outputNames].every(Array.isArray)) {
    throw new FormatError('modelFrom: the configuration lacks inputs, layers, calls or outputs');
  }
  const made = layers.map((one) => layerFrom(one, custom));
  const from = inputs.map(({ shape, dtype, name: own }) => newInput(shape, dtype, own));
  const results: SymbolicTensor[][] = [];
  const resolve = (reference: Reference): SymbolicTensor => {
    const [node, output] = Array.isArray(reference) ? reference : [Number.NaN, 0];
    const found = node === -1 ? from[output] : results[node]?.[output];
    if (found) return found;
    throw new FormatError(`modelFrom: a call refers to ${shown(reference)}, which is not before it`);
  };
  for (const { of, inputs: given } of calls) {
    const layer = made[of];
    if (!layer || !Array.isArray(given))
      throw new FormatError(`modelFrom: a call is of layer ${shown(of)}, which there is not`);
    const [first, ...others] = given.map(resolve);
    const isRecurrent = 'stateShapes' in layer || layer.config.layer === 'bidirectional';
    const result = (
      isRecurrent && others.length > 0
        ? (layer as Rnn<unknown>).apply(first, { initialState: others })
        : layer.apply(others.length > 0 ? [first, ...others] : first)
    ) as SymbolicTensor | readonly SymbolicTensor[] | Readonly<Record<string, SymbolicTensor>>;
    results.push('node' in result && 'index' in result ? [result as SymbolicTensor] : Object.values(result));
  }
  const to = outputs.map(resolve);
  const byName = (names: readonly string[], symbols: readonly SymbolicTensor[]) =>
    Object.fromEntries(names.map((one, i) => [one, symbols[i]]));
  const form = (kind: string, names: readonly string[], symbols: readonly SymbolicTensor[]) =>
    kind === 'one' ? symbols[0] : kind === 'list' ? symbols : byName(names, symbols);
  return new Functional({
    inputs: form(
      inputForm,
      inputs.map((one) => one.name),
      from,
    ),
    outputs: form(outputForm, outputNames, to) as never,
    ...{ ...named(name, trainable), seed, ...options },
  });
}
