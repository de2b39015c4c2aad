import type { Bytes } from '../../io/bytes.ts';
import { cellNameOf } from '../../nn/cells/registry.ts';
import { GraphBuilder, type GraphValue } from '../../onnx/write/builder.ts';
import { refusalOf } from '../../onnx/write/layer-writer.ts';
import { writeAdaptiveSoftmax, writeEmbedding, writeLinear } from '../../onnx/write/nn-layers.ts';
import { Place } from '../../onnx/write/nn-place.ts';
import { statesOf, writeRecurrent } from '../../onnx/write/nn-recurrent.ts';
import type { LanguageModel } from './model.ts';

/**
 * A language model as an ONNX file: `ids` int32 [batch, steps] and the state of each layer, `h_0`, `c_0`, `h_1`, … [batch, H],
 * zeros at the beginning → `logits` [batch, steps, V] of the next token and the states afterwards, `next_h_0`, …, which are given
 * to the next run. The metadata `unrolled` is its description as JSON, tokenizer included.
 * @throws ConfigError naming the cell that ONNX lacks
 */
export async function languageModelToOnnx(model: LanguageModel): Promise<Bytes> {
  const { config, tokenizer, sequence } = model;
  const { layer: kind } = sequence.config;
  if (kind !== 'recurrent') throw refusalOf(kind, 'is not recurrent, and such language models are not written to ONNX');
  const { recurrent } = model;
  const graph = new GraphBuilder();
  const place = new Place(graph, await model.parameters.save());
  const name = config.cell === undefined ? recurrent.config.layer : cellNameOf(config.cell);
  const stack = recurrent.config;
  const within = place.within(name);
  const ids = graph.name('ids');
  const parts = ['h', 'c'].slice(0, statesOf(within, stack));
  const states = Array.from({ length: stack.layers ?? 1 }, (_, i) => parts.map((part) => graph.name(`${part}_${i}`)));
  const inTime = graph.add('Transpose', [ids], { perm: [1, 0] });
  const xs = writeEmbedding(place.within('embedding'), inTime); // [T, B, E]
  const { outputs, states: after } = writeRecurrent(within, stack, xs, null, states);
  const logits = place.graph.add('Transpose', [writeOutput(place, outputs, config.adaptive)], {
    perm: [1, 0, 2],
  });
  const results: GraphValue[] = [];
  const output = (wanted: string, value: string, ...shape: (number | string)[]): void => {
    const own = graph.name(wanted);
    place.graph.call(value, own);
    results.push({ name: own, isWhole: false, shape });
  };
  output('logits', logits, 'batch', 'steps', tokenizer.size);
  const H = recurrent.cell.width;
  states.forEach((names, layer) => {
    names.forEach((own, part) => {
      output(`next_${own}`, after[layer][part], 'batch', H);
    });
  });
  return graph.encode(
    'language model',
    [
      { name: ids, isWhole: true, shape: ['batch', 'steps'] },
      ...states.flat().map((own) => ({ name: own, isWhole: false, shape: ['batch', H] })),
    ],
    results,
    { unrolled: JSON.stringify(model.describe()) },
  );
}

/** `[T, B, H]` → `[T, B, V]`. */
function writeOutput(place: Place, xs: string, cutoffs: readonly number[] | undefined): string {
  const output = place.within('output');
  if (cutoffs) return writeAdaptiveSoftmax(output, xs, cutoffs);
  if (output.has('weight')) return writeLinear(output, xs);
  const narrow = output.has('projection.weight') ? writeLinear(output.within('projection'), xs) : xs;
  // Tied: the embedding's own matrix.
  const { shape, data } = place.within('embedding').numbers('weight');
  const table = output.graph.add('Transpose', [output.graph.floats('weight', shape, data)], { perm: [1, 0] });
  const { shape: width, data: bias } = output.numbers('bias');
  return output.graph.add('Add', [
    output.graph.add('MatMul', [narrow, table]),
    output.graph.floats('bias', width, bias),
  ]);
}
