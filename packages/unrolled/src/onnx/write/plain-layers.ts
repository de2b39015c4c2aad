import { normalizedAxes } from '../../keras/layers/normalization.ts';
import { sizeOf } from '../../shape.ts';
import { writeActivation } from './activations.ts';
import { permuted } from './arrays.ts';
import { real } from './builder.ts';
import { activeSteps, type LayerCall, type LayerWriter, simple, type Written } from './layer-writer.ts';

/** The layer's activation after a value. */
export function activated(call: LayerCall, x: string, name: unknown = call.config.activation ?? 'linear'): string {
  const y = writeActivation(call.graph, x, name);
  if (y !== null) return y;
  throw call.refusal(`has the activation '${String(name)}', which is not written`);
}

const identity: LayerWriter = simple((_, x) => x);

const dense = simple((call, x) => {
  const { graph } = call;
  const { shape, data } = call.weight('kernel');
  const product = graph.add('MatMul', [x, graph.floats('kernel', shape, data)]);
  if (!call.hasWeight('bias')) return activated(call, product);
  const bias = call.weight('bias');
  return activated(call, graph.add('Add', [product, graph.floats('bias', bias.shape, bias.data)]));
});

const relu = simple((call, x) => {
  const { graph, config } = call;
  const {
    maxValue,
    negativeSlope = 0,
    threshold = 0,
  } = config as { maxValue?: number; negativeSlope?: number; threshold?: number };
  if (threshold !== 0) throw call.refusal('has a threshold, which is not written');
  const bent =
    negativeSlope === 0 ? graph.add('Relu', [x]) : graph.add('LeakyRelu', [x], { alpha: real(negativeSlope) });
  return maxValue === undefined ? bent : graph.add('Min', [bent, graph.number(maxValue)]);
});

const prelu = simple((call, x) => {
  const { shape, data } = call.weight('alpha');
  return call.graph.add('PRelu', [x, call.graph.floats('alpha', shape, data)]);
});

/** Lengths from which steps count, `[B, T]` as whole numbers. */
function lengthsFrom(call: LayerCall, counts: string): string {
  if (!call.rightPadded) {
    throw call.refusal(
      'makes a mask. ONNX holds one only as the number of steps of each row: if the steps that count come first in your rows, write with { rightPadded: true } (--right-padded)',
    );
  }
  const { graph } = call;
  const sum = graph.add('ReduceSum', [graph.add('Cast', [counts], { to: 7 }), graph.whole([1])], { keepdims: 0 });
  return graph.add('Cast', [sum], { to: 6 });
}

const embedding: LayerWriter = (call) => {
  const { graph, config, inputs, outputs } = call;
  const { shape, data } = call.weight('embeddings');
  const name = graph.add('Gather', [graph.floats('embeddings', shape, data), inputs[0].name], { axis: 0 });
  if (!config.maskZero) return [{ name, shape: outputs[0], lengths: null }];
  const zero = graph.add('Cast', [graph.whole(0)], { to: 6 });
  const counts = graph.add('Not', [graph.add('Equal', [inputs[0].name, zero])]);
  return [{ name, shape: outputs[0], lengths: lengthsFrom(call, counts) }];
};

const masking: LayerWriter = (call) => {
  const { graph, config, inputs, outputs } = call;
  const [x] = inputs;
  if (x.shape.length !== 3) throw call.refusal(`masks an input of ${x.shape.length} axes; [B, T, F] is written`);
  const differs = graph.add('Not', [graph.add('Equal', [x.name, graph.number((config.maskValue ?? 0) as number)])]);
  const counts = graph.add('ReduceMax', [graph.add('Cast', [differs], { to: 1 })], { axes: [2], keepdims: 1 });
  const flat = graph.add('Squeeze', [counts, graph.whole([2])]);
  return [{ name: graph.add('Mul', [x.name, counts]), shape: outputs[0], lengths: lengthsFrom(call, flat) }];
};

const batchNormalization = simple((call, x) => {
  const { graph, config, inputs } = call;
  const { shape } = inputs[0];
  const axis =
    ((config.axis ?? -1) as number) < 0 ? ((config.axis ?? -1) as number) + shape.length : (config.axis as number);
  const mean = call.weight('movingMean').data;
  const variance = call.weight('movingVariance').data;
  const gamma = call.hasWeight('gamma') ? call.weight('gamma').data : null;
  const beta = call.hasWeight('beta') ? call.weight('beta').data : null;
  const epsilon = (config.epsilon ?? 1e-3) as number;
  // y = x · factor + shift, one of each a channel.
  const factor = Float64Array.from(mean, (_, i) => (gamma ? gamma[i] : 1) / Math.sqrt(variance[i] + epsilon));
  const shift = Float64Array.from(mean, (m, i) => (beta ? beta[i] : 0) - m * factor[i]);
  const along = [mean.length, ...shape.slice(axis + 1).map(() => 1)];
  const scaled = graph.add('Mul', [x, graph.floats('factor', along, factor)]);
  return graph.add('Add', [scaled, graph.floats('shift', along, shift)]);
});

const layerNormalization = simple((call, x) => {
  const { graph, config, inputs, name } = call;
  const { shape } = inputs[0];
  const axes = normalizedAxes(name, (config.axis ?? -1) as number | readonly number[], shape.length);
  const order = [...shape.map((_, i) => i).filter((i) => !axes.includes(i)), ...axes];
  const isTurned = order.some((axis, i) => axis !== i);
  const extents = axes.map((axis) => shape[axis]);
  const gamma = call.hasWeight('gamma') ? call.weight('gamma').data : new Float32Array(sizeOf(extents)).fill(1);
  const parts = [isTurned ? graph.add('Transpose', [x], { perm: order }) : x, graph.floats('gamma', extents, gamma)];
  if (call.hasWeight('beta')) parts.push(graph.floats('beta', extents, call.weight('beta').data));
  const attributes = { axis: -axes.length, epsilon: real((config.epsilon ?? 1e-3) as number) };
  const y = graph.add('LayerNormalization', parts, attributes);
  return isTurned ? graph.add('Transpose', [y], { perm: order.map((_, i) => order.indexOf(i)) }) : y;
});

/** The mask that several inputs share. @throws ConfigError if they have different ones */
function commonLengths(call: LayerCall, all: boolean): string | null {
  const present = call.inputs.flatMap(({ lengths }) => (lengths === null ? [] : [lengths]));
  if (new Set(present).size > 1) throw call.refusal('joins inputs with different masks, which is not written');
  return present.length === 0 || (all && present.length < call.inputs.length) ? null : present[0];
}

const merge =
  (operation: string, mean = false): LayerWriter =>
  (call) => {
    const { graph, inputs, outputs, config } = call;
    const sum = inputs.slice(1).reduce((a, { name }) => graph.add(operation, [a, name]), inputs[0].name);
    const name = mean ? graph.add('Mul', [sum, graph.number(1 / inputs.length)]) : sum;
    return [{ name, shape: outputs[0], lengths: commonLengths(call, config.layer !== 'multiply') }];
  };

const concatenate: LayerWriter = (call) => {
  const { graph, config, inputs, outputs } = call;
  const rank = outputs[0].length;
  const axis = ((config.axis ?? -1) as number) < 0 ? ((config.axis ?? -1) as number) + rank : (config.axis as number);
  const name = graph.add(
    'Concat',
    inputs.map((one) => one.name),
    { axis },
  );
  const lengths = commonLengths(call, false);
  if (axis === 1 && lengths !== null)
    throw call.refusal('joins masked sequences one after the other, which is not written');
  return [{ name, shape: outputs[0], lengths }];
};

const reshape = simple((call, x) => {
  const [, ...rest] = call.outputs[0];
  const open = rest.filter((n) => n < 0).length;
  if (open > 1) throw call.refusal('makes a shape of which more than one extent is open');
  // 0 keeps the batch where another extent is open.
  return call.graph.add('Reshape', [x, call.graph.whole([open > 0 ? 0 : -1, ...rest])]);
}, 'drop');

const permute = simple(
  (call, x) => call.graph.add('Transpose', [x], { perm: [0, ...(call.config.dims as number[])] }),
  'drop',
);

const repeatVector = simple((call, x) => {
  const { graph, config } = call;
  const one = graph.add('Unsqueeze', [x, graph.whole([1])]);
  return graph.add('Expand', [one, graph.whole([1, config.n as number, 1])]);
}, 'drop');

/** A border as [before, after] of each axis. */
function sidesOf(border: unknown, axes: number): readonly (readonly [number, number])[] {
  const list = (typeof border === 'number' ? new Array(axes).fill(border) : border) as readonly (
    | number
    | readonly number[]
  )[];
  const each = axes === 1 && list.length === 2 && typeof list[0] === 'number' ? [list as readonly number[]] : list;
  return each.map((one) => (typeof one === 'number' ? [one, one] : [one[0], one[1]]) as [number, number]);
}

const zeroPadding = simple((call, x) => {
  const { graph, config } = call;
  const sides = sidesOf(config.padding ?? 1, config.layer === 'zeroPadding1D' ? 1 : 2);
  const pads = [0, 1].flatMap((end) => [0, ...sides.map((side) => side[end]), 0]);
  return graph.add('Pad', [x, graph.whole(pads)]);
}, 'drop');

const cropping = simple((call, x) => {
  const { graph, config } = call;
  const isOne = config.layer === 'cropping1D';
  const sides = sidesOf(config.cropping ?? (isOne ? 1 : 0), isOne ? 1 : 2);
  const ends = sides.map(([, after]) => (after === 0 ? Number.MAX_SAFE_INTEGER : -after));
  return graph.add('Slice', [
    x,
    graph.whole(sides.map(([before]) => before)),
    graph.whole(ends),
    graph.whole(sides.map((_, i) => i + 1)),
  ]);
}, 'drop');

/** Over the steps that count, or all places. */
const globalPooling: LayerWriter = (call) => {
  const { graph, config, inputs, outputs } = call;
  const [{ name: x, shape }] = inputs;
  const lengths = config.useMask === false ? null : inputs[0].lengths;
  const isMax = config.layer.startsWith('globalMax');
  const axes = shape.slice(1, -1).map((_, i) => i + 1);
  const keepdims = Number(config.keepdims ?? false);
  const result = (name: string): readonly Written[] => [{ name, shape: outputs[0], lengths: null }];
  if (lengths === null) return result(graph.add(isMax ? 'ReduceMax' : 'ReduceMean', [x], { axes, keepdims }));
  const counts = graph.add('Unsqueeze', [activeSteps(graph, x, lengths), graph.whole([2])]);
  const each = graph.add('Unsqueeze', [graph.add('Cast', [lengths], { to: 1 }), graph.whole(keepdims ? [1, 2] : [1])]);
  if (isMax) {
    const most = graph.add('ReduceMax', [graph.add('Where', [counts, x, graph.number(-3.4e38)])], { axes, keepdims });
    return result(graph.add('Where', [graph.add('Greater', [each, graph.number(0)]), most, graph.number(0)]));
  }
  const sum = graph.add('ReduceSum', [graph.add('Where', [counts, x, graph.number(0)]), graph.whole([1])], {
    keepdims,
  });
  return result(graph.add('Div', [sum, graph.add('Max', [each, graph.number(1)])]));
};

export const plainLayers: Readonly<Record<string, LayerWriter>> = {
  dense,
  relu,
  prelu,
  embedding,
  masking,
  batchNormalization,
  layerNormalization,
  concatenate,
  reshape,
  flatten: reshape,
  permute,
  repeatVector,
  zeroPadding1D: zeroPadding,
  zeroPadding2D: zeroPadding,
  cropping1D: cropping,
  cropping2D: cropping,
  activation: simple((call, x) => activated(call, x)),
  softmax: simple((call, x) => activated(call, x, 'softmax')),
  add: merge('Add'),
  subtract: merge('Sub'),
  multiply: merge('Mul'),
  average: merge('Add', true),
  maximum: merge('Max'),
  minimum: merge('Min'),
  globalMaxPooling1D: globalPooling,
  globalMaxPooling2D: globalPooling,
  globalAveragePooling1D: globalPooling,
  globalAveragePooling2D: globalPooling,
  // What acts in training alone.
  dropout: identity,
  spatialDropout: identity,
  gaussianNoise: identity,
  gaussianDropout: identity,
  alphaDropout: identity,
  activityRegularization: identity,
};

/** Weights in Keras' layout [(rows,) columns, in, out] as [out, in, (rows,) columns]. */
export const channelsFirst = (kernel: Parameters<typeof permuted>[0]) =>
  permuted(kernel, kernel.shape.length === 4 ? [3, 2, 0, 1] : [2, 1, 0]);
