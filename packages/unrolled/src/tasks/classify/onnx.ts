import type { Bytes } from '../../io/bytes.ts';
import { GraphBuilder } from '../../onnx/write/builder.ts';
import { writeAttentionPooling, writeWordTable } from '../../onnx/write/nn-layers.ts';
import { writeEmbedding, writeLinear } from '../../onnx/write/nn-linear.ts';
import { Place } from '../../onnx/write/nn-place.ts';
import { type StackOutputs, writePool } from '../../onnx/write/nn-recurrent.ts';
import { writeTwoWayReader } from '../../onnx/write/nn-two-way-reader.ts';
import type { Classifier } from './model.ts';

/**
 * A classifier as an ONNX file: `ids` int32 [batch, steps] and `lengths` int32 [batch] → `probabilities` [batch, labels], divided
 * by the temperature. The metadata `unrolled` is its description as JSON: labels, tokenizer, the most tokens that are read.
 * @throws ConfigError naming the cell that ONNX lacks
 */
export async function classifierToOnnx(model: Classifier): Promise<Bytes> {
  const { config, tokenizer, temperature } = model;
  const { bidirectional, pooling, transformer: blocks, maxLength: context } = config;
  // No text has more tokens.
  const transformer = blocks && { context, ...blocks };
  const graph = new GraphBuilder();
  const place = new Place(graph, await model.parameters.save());
  const [ids, lengths, probabilities] = ['ids', 'lengths', 'probabilities'].map((name) => graph.name(name));
  const inTime = graph.add('Transpose', [ids], { perm: [1, 0] });
  const xs = 'further' in tokenizer ? writeWordTable(place, inTime) : writeEmbedding(place.within('embedding'), inTime); // [T, B, E]
  const stack = writeTwoWayReader(place, { ...config, transformer }, xs, lengths);
  const summary = (): string => {
    if (pooling === 'last') return lastStates(place, stack, bidirectional);
    if (pooling === 'attention') return writeAttentionPooling(place.within('attention'), stack.outputs, lengths);
    return writePool(place, pooling, stack.outputs, lengths);
  };
  const logits = writeLinear(place.within('output'), summary());
  const scaled = place.graph.add('Mul', [logits, graph.number(1 / temperature)]);
  graph.call(graph.add('Softmax', [scaled], { axis: -1 }), probabilities);
  return graph.encode(
    'classifier',
    [
      { name: ids, isWhole: true, shape: ['batch', 'steps'] },
      { name: lengths, isWhole: true, shape: ['batch'] },
    ],
    [{ name: probabilities, isWhole: false, shape: ['batch', model.labels.length] }],
    { unrolled: JSON.stringify(model.describe()) },
  );
}

/** Each direction's output after the step that it reads last. */
function lastStates({ graph }: Place, { states }: StackOutputs, bidirectional: boolean): string {
  const last = states.slice(bidirectional ? -2 : -1).map(([h]) => h);
  return bidirectional ? graph.add('Concat', last, { axis: -1 }) : last[0];
}
