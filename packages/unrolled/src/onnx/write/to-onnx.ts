import { flag, requireOptions } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import type { Bytes } from '../../io/bytes.ts';
import type { KerasLayer } from '../../keras/layer.ts';
import type { Model } from '../../keras/model.ts';
import type { SymbolicTensor } from '../../keras/symbolic.ts';
import type { Weight } from '../../keras/weight.ts';
import type { Shape } from '../../shape.ts';
import type { Numbers } from './arrays.ts';
import { attentionLayers } from './attention-layers.ts';
import { GraphBuilder, type GraphValue } from './builder.ts';
import { imageLayers } from './image-layers.ts';
import { type LayerCall, type LayerWriter, refusalOf, type Written } from './layer-writer.ts';
import { plainLayers } from './plain-layers.ts';
import { recurrentLayers } from './recurrent-layers.ts';

export interface OnnxOptions {
  /**
   * Whether masked steps come after all others in each row. Masks are then written as lengths (`sequence_lens`); without it a
   * layer that makes a mask is refused. Default false.
   */
  readonly rightPadded?: boolean | undefined;
}

type Layer = KerasLayer<unknown>;
type AnyModel = Pick<
  Model<unknown>,
  'graph' | 'inputNames' | 'outputNames' | 'store' | 'name' | 'nameOf' | 'weights' | 'config'
>;

const writers: Readonly<Record<string, LayerWriter>> = {
  ...plainLayers,
  ...imageLayers,
  ...recurrentLayers,
  ...attentionLayers,
};

/** Kinds of layers that are written. */
export const writtenLayers: readonly string[] = [
  ...Object.keys(writers),
  'timeDistributed',
  'sequential',
  'functional',
];

/**
 * A model of `unrolled/keras` as an ONNX file (operator set 17), as it is in use: without dropout, with the moving statistics of
 * batch norms. Inputs and outputs have the model's names; ids are int32. Sequences are `[B, T, F]`, images `[B, H, W, C]`, as in
 * the model.
 * @throws ConfigError naming the layer that the format, or this writer, cannot hold: cells other than simple ones, LSTM and GRU,
 *   activations that ONNX's recurrent operators lack, stateful layers, and masks unless `rightPadded`
 *
 * @example
 * writeFileSync('model.onnx', await toOnnx(model));
 */
export async function toOnnx(model: AnyModel, options: OnnxOptions = {}): Promise<Bytes> {
  requireOptions<OnnxOptions>('toOnnx', options, { rightPadded: flag });
  if (typeof model?.store?.open !== 'function') {
    throw new ConfigError('toOnnx: takes a model of unrolled/keras, made by sequential or model');
  }
  await model.store.open();
  const numbers = new Map<Weight, Numbers>();
  for (const weight of model.weights) numbers.set(weight, { shape: weight.shape, data: await weight.value.read() });
  const graph = new GraphBuilder();
  const { inputs, outputs } = model.graph;
  const given = inputs.map(
    (symbol, i): Written => ({ name: graph.name(model.inputNames[i]), shape: symbol.shape, lengths: null }),
  );
  const writing: Writing = { graph, numbers, rightPadded: options.rightPadded ?? false };
  const results = writeGraph(model, given, writing, '');
  const names = model.outputNames.map((name) => graph.name(name));
  results.forEach(({ name }, i) => {
    graph.call(name, names[i]);
  });
  const declaredInputs = inputs.map((symbol, i) =>
    declared(given[i].name, symbol.shape, model.graph.takesIdsAt(i), model.graph.isOpen),
  );
  const declaredOutputs = outputs.map((symbol, i) => declared(names[i], symbol.shape, false, model.graph.isOpen));
  return graph.encode(model.name, declaredInputs, declaredOutputs);
}

/** Extents that may be any have a name: the batch, and each other axis its own. */
function declared(name: string, shape: Shape, isWhole: boolean, isOpen: boolean): GraphValue {
  const extents = shape.map((n, axis) => {
    if (axis === 0) return 'batch';
    const open = n < 0 || (isOpen && axis < shape.length - (isWhole ? 0 : 1));
    return open ? `${name}_${axis}` : n;
  });
  return { name, isWhole, shape: extents };
}

interface Writing {
  readonly graph: GraphBuilder;
  readonly numbers: ReadonlyMap<Weight, Numbers>;
  readonly rightPadded: boolean;
}

function writeGraph(model: AnyModel, inputs: readonly Written[], writing: Writing, prefix: string): readonly Written[] {
  const { graph } = model;
  const values = new Map<SymbolicTensor, Written>(graph.inputs.map((symbol, i) => [symbol, inputs[i]]));
  for (const { layer, inputs: from, outputs } of graph.nodes) {
    const name = prefix + model.nameOf(layer!);
    const results = writeLayer(
      layer!,
      name,
      from.map((symbol) => values.get(symbol)!),
      outputs.map(({ shape }) => shape),
      writing,
    );
    outputs.forEach((symbol, i) => {
      values.set(symbol, results[i]);
    });
  }
  return graph.outputs.map((symbol) => values.get(symbol)!);
}

function callOf(
  layer: Layer,
  name: string,
  inputs: readonly Written[],
  outputs: readonly Shape[],
  writing: Writing,
): LayerCall {
  const weights = new Map(layer.placedWeights('').map(({ path, weight }) => [path, weight]));
  const config = layer.config as LayerCall['config'];
  return {
    graph: writing.graph,
    name,
    config,
    inputs,
    outputs,
    weight(path) {
      const weight = weights.get(path);
      if (weight) return writing.numbers.get(weight)!;
      throw refusalOf(name, `has no weight '${path}'`);
    },
    hasWeight: (path) => weights.has(path),
    refusal: (reason) => refusalOf(name, reason),
    rightPadded: writing.rightPadded,
    cells:
      'cells' in layer ? (layer.cells as readonly { readonly config: object }[]).map((cell) => cell.config) : undefined,
    within(part, given) {
      const inner = layer.innerLayers().find(([own]) => own === part)![1];
      return callOf(inner, `${name}/${part}`, given, [], writing);
    },
  };
}

function writeLayer(
  layer: Layer,
  name: string,
  inputs: readonly Written[],
  outputs: readonly Shape[],
  writing: Writing,
): readonly Written[] {
  const kind = layer.config.layer;
  if ('graph' in layer) return writeGraph(layer as unknown as AnyModel, inputs, writing, `${name}/`);
  if (kind === 'timeDistributed') return [writeAtEachStep(layer, name, inputs[0], outputs[0], writing)];
  if (!Object.hasOwn(writers, kind)) throw refusalOf(name, `is of the kind '${kind}', which is not written to ONNX`);
  writing.graph.prefix = `${name}/`;
  return writers[kind](callOf(layer, name, inputs, outputs, writing));
}

/** A layer at each step of `[B, T, …]`, whose steps are rows of one batch. */
function writeAtEachStep(layer: Layer, name: string, x: Written, shape: Shape, writing: Writing): Written {
  const { graph } = writing;
  const [, inner] = layer.innerLayers()[0];
  const rest = x.shape.slice(2);
  const steps = x.shape[1];
  const open = [steps, ...rest, ...shape.slice(2)].some((n) => n < 0);
  if (rest.some((n) => n < 0))
    throw refusalOf(name, 'is applied at each step to a shape with open extents, which is not written');
  graph.prefix = `${name}/`;
  const flat = graph.add('Reshape', [x.name, graph.whole([-1, ...rest])]);
  const [y] = writeLayer(
    inner,
    `${name}/layer`,
    [{ name: flat, shape: [-1, ...rest], lengths: null }],
    [[-1, ...shape.slice(2)]],
    writing,
  );
  graph.prefix = `${name}/`;
  if (!open)
    return { name: graph.add('Reshape', [y.name, graph.whole([-1, ...shape.slice(1)])]), shape, lengths: x.lengths };
  const lead = graph.add('Slice', [graph.add('Shape', [x.name]), graph.whole([0]), graph.whole([2])]);
  const target = graph.add('Concat', [lead, graph.whole([...shape.slice(2)])], { axis: 0 });
  return { name: graph.add('Reshape', [y.name, target]), shape, lengths: x.lengths };
}
