import { permuted, reshapedTo } from './arrays.ts';
import {
  activeSteps,
  causallySeen,
  extentOf,
  hidden,
  type LayerCall,
  type LayerWriter,
  numbersBelow,
} from './layer-writer.ts';

/** Scores `[B, …, T, S]` with −1e9 where a query does not see a step. */
function seen(call: LayerCall, scores: string, heads: boolean): string {
  const { graph, config, inputs } = call;
  const [query, value, key = value] = inputs;
  const axes = heads ? [1, 2] : [1];
  let result = scores;
  // Steps of the value, and of the key where it has a mask of its own, that do not count.
  for (const lengths of new Set([value.lengths, heads ? key.lengths : null])) {
    if (lengths === null) continue;
    const of = lengths === value.lengths ? value : key;
    const active = graph.add('Unsqueeze', [activeSteps(graph, of.name, lengths), graph.whole(axes)]); // [B, (1,) 1, S]
    result = hidden(graph, result, active);
  }
  if (config.causal === true) {
    const [rows, columns] = [query, value].map(({ name }) => numbersBelow(graph, extentOf(graph, name, 1)));
    result = hidden(graph, result, causallySeen(graph, rows, columns));
  }
  return result;
}

/** A masked query sees nothing, and what it gives does not count. */
const multiHeadAttention: LayerWriter = (call) => {
  const { graph, inputs, outputs } = call;
  const [query, value, key = value] = inputs;
  const floats = (name: string, shape: readonly number[]): string => graph.floats(name, shape, call.weight(name).data);
  /** [B, T, D] → [B, N, T, K], or with its last axes exchanged. */
  const heads = (x: string, name: string, order: readonly number[]): string => {
    const [D, N, K] = call.weight(`${name}/kernel`).shape;
    const product = graph.add('MatMul', [x, floats(`${name}/kernel`, [D, N * K])]);
    const sum = call.hasWeight(`${name}/bias`) ? graph.add('Add', [product, floats(`${name}/bias`, [N * K])]) : product;
    return graph.add('Transpose', [graph.add('Reshape', [sum, graph.whole([0, 0, N, K])])], { perm: order });
  };
  const queries = heads(query.name, 'query', [0, 2, 1, 3]);
  const keys = heads(key.name, 'key', [0, 2, 3, 1]);
  const values = heads(value.name, 'value', [0, 2, 1, 3]);
  const [N, V, O] = call.weight('attentionOutput/kernel').shape;
  const K = call.weight('query/kernel').shape[2];
  const scores = graph.add('MatMul', [graph.add('Mul', [queries, graph.number(1 / Math.sqrt(K))]), keys]);
  const weights = graph.add('Softmax', [seen(call, scores, true)], { axis: -1 });
  const context = graph.add('Transpose', [graph.add('MatMul', [weights, values])], { perm: [0, 2, 1, 3] });
  const joined = graph.add('Reshape', [context, graph.whole([0, 0, N * V])]);
  const product = graph.add('MatMul', [joined, floats('attentionOutput/kernel', [N * V, O])]);
  const name = call.hasWeight('attentionOutput/bias')
    ? graph.add('Add', [product, floats('attentionOutput/bias', [O])])
    : product;
  return [{ name, shape: outputs[0], lengths: query.lengths }];
};

const attention: LayerWriter = (call) => {
  const { graph, inputs, outputs, config } = call;
  const [query, value, key = value] = inputs;
  const scaled = (x: string, name: string): string => {
    if (!call.hasWeight(name)) return x;
    const { shape, data } = call.weight(name);
    return graph.add('Mul', [x, graph.floats(name, shape, data)]);
  };
  const isAdditive = config.layer === 'additiveAttention';
  let scores: string;
  if (!isAdditive && config.scoreMode !== 'concat') {
    const turned = graph.add('Transpose', [key.name], { perm: [0, 2, 1] });
    scores = scaled(graph.add('MatMul', [query.name, turned]), 'scale');
  } else {
    const both = graph.add('Add', [
      graph.add('Unsqueeze', [query.name, graph.whole([2])]),
      graph.add('Unsqueeze', [key.name, graph.whole([1])]),
    ]); // [B, T, S, D]
    const bent = isAdditive ? scaled(graph.add('Tanh', [both]), 'scale') : graph.add('Tanh', [scaled(both, 'scale')]);
    const sum = graph.add('ReduceSum', [bent, graph.whole([-1])], { keepdims: 0 });
    scores = isAdditive ? sum : scaled(sum, 'concatScoreWeight');
  }
  const weights = graph.add('Softmax', [seen(call, scores, false)], { axis: -1 });
  const name = graph.add('MatMul', [weights, value.name]);
  return [{ name, shape: outputs[0], lengths: query.lengths }];
};

/** See `AttentionPooling` of `unrolled/nn`; here sequences are `[B, T, F]`. */
const attentionPooling: LayerWriter = (call) => {
  const { graph, inputs, outputs } = call;
  const [{ name: x, lengths }] = inputs;
  const linear = (value: string, name: string): string => {
    const { shape, data } = permuted(call.weight(`${name}.weight`), [1, 0]);
    return graph.add('MatMul', [value, graph.floats(`${name}.weight`, shape, data)]);
  };
  const bias = reshapedTo(call.weight('key.bias'), [call.weight('key.bias').data.length]);
  const keys = graph.add('Tanh', [
    graph.add('Add', [linear(x, 'key'), graph.floats('key.bias', bias.shape, bias.data)]),
  ]);
  const scores = linear(keys, 'score'); // [B, T, 1]
  const active = lengths === null ? null : graph.add('Unsqueeze', [activeSteps(graph, x, lengths), graph.whole([2])]);
  const open = active === null ? scores : hidden(graph, scores, active);
  const weights = graph.add('Softmax', [open], { axis: 1 });
  // A row without steps gives 0.
  const values = active === null ? x : graph.add('Where', [active, x, graph.number(0)]);
  const name = graph.add('ReduceSum', [graph.add('Mul', [weights, values]), graph.whole([1])], { keepdims: 0 });
  return [{ name, shape: outputs[0], lengths: null }];
};

export const attentionLayers: Readonly<Record<string, LayerWriter>> = {
  multiHeadAttention,
  attention,
  additiveAttention: attention,
  attentionPooling,
};
