import type { Bytes } from '../../io/bytes.ts';
import { cellNameOf } from '../../nn/cells/registry.ts';
import { GraphBuilder, type GraphValue } from '../../onnx/write/builder.ts';
import { refusalOf } from '../../onnx/write/layer-writer.ts';
import { writeAdaptiveSoftmax } from '../../onnx/write/nn-layers.ts';
import { writeEmbedding, writeLinear, writeParameter } from '../../onnx/write/nn-linear.ts';
import { Place } from '../../onnx/write/nn-place.ts';
import { statesOf, writeRecurrent } from '../../onnx/write/nn-recurrent.ts';
import { writeTransformer } from '../../onnx/write/nn-transformer.ts';
import type { LanguageModel } from './model.ts';

/** What a run is given and hands to the next. */
interface Carried {
  readonly input: GraphValue;
  readonly output: GraphValue;
  /** That becomes the output. */
  readonly value: string;
}

interface Reading {
  readonly logits: string; // [B, T, V]
  readonly state: readonly Carried[];
}

/**
 * A language model as an ONNX file: `ids` int32 [batch, steps] → `logits` [batch, steps, V] of the next token. The metadata
 * `unrolled` is its description as JSON, tokenizer included.
 *
 * Recurrent models also take the state of each layer, `h_0`, `c_0`, `h_1`, … [batch, H], zeros at the beginning, and give the
 * states afterwards, `next_h_0`, …, which are given to the next run.
 *
 * Transformers take the keys and values of each block, `past_k_0`, `past_v_0`, `past_k_1`, … [batch, past, G·D], of 0 steps at the
 * beginning, and give `present_k_0`, … [batch, past + steps, G·D]. Steps have the positions that follow the past. Past and steps
 * together are at most `context` of the description: see docs/onnx.md for longer texts.
 * @throws ConfigError naming the cell or layer that is not written
 */
export async function languageModelToOnnx(model: LanguageModel): Promise<Bytes> {
  const { layer } = model.sequence.config;
  const write = Object.hasOwn(writers, layer) ? writers[layer] : null;
  if (!write) {
    throw refusalOf(layer, 'is neither recurrent nor a Transformer; language models of other layers are not written');
  }
  const graph = new GraphBuilder();
  const place = new Place(graph, await model.parameters.save());
  const ids = graph.name('ids');
  const { logits, state } = write(place, model, ids);
  const results: { readonly output: GraphValue; readonly value: string }[] = [
    { output: floats(graph, 'logits', 'batch', 'steps', model.tokenizer.size), value: logits },
    ...state,
  ];
  for (const { output, value } of results) place.graph.call(value, output.name);
  return graph.encode(
    'language model',
    [{ name: ids, isWhole: true, shape: ['batch', 'steps'] }, ...state.map(({ input }) => input)],
    results.map(({ output }) => output),
    { unrolled: JSON.stringify(model.describe()) },
  );
}

const floats = (graph: GraphBuilder, name: string, ...shape: (number | string)[]): GraphValue => ({
  name: graph.name(name),
  isWhole: false,
  shape,
});

const writers: Readonly<Record<string, (place: Place, model: LanguageModel, ids: string) => Reading>> = {
  recurrent(place, model, ids) {
    const { cell } = model.config;
    const { recurrent } = model;
    const { graph } = place;
    const within = place.within(cell === undefined ? recurrent.config.layer : cellNameOf(cell));
    const parts = ['h', 'c'].slice(0, statesOf(within, recurrent.config));
    const H = recurrent.cell.width;
    const inputs = Array.from({ length: recurrent.config.layers ?? 1 }, (_, i) =>
      parts.map((part) => floats(graph, `${part}_${i}`, 'batch', H)),
    );
    const inTime = graph.add('Transpose', [ids], { perm: [1, 0] });
    const xs = writeEmbedding(place.within('embedding'), inTime); // [T, B, E]
    const initial = inputs.map((layer) => layer.map(({ name }) => name));
    const { outputs, states } = writeRecurrent(within, recurrent.config, xs, null, initial);
    const logits = writeOutput(place, outputs, model.config.adaptive);
    return {
      logits: place.graph.add('Transpose', [logits], { perm: [1, 0, 2] }),
      state: inputs.flatMap((layer, i) =>
        layer.map((input, part) => ({
          ...{ input, value: states[i][part] },
          output: floats(graph, `next_${input.name}`, 'batch', H),
        })),
      ),
    };
  },
  transformer(place, { transformer, config: { adaptive, embedding: E } }, ids) {
    const { config } = transformer;
    const { layers, heads, groups = heads } = config;
    const { graph } = place;
    const width = (E / heads) * groups;
    const kinds = ['k', 'v'] as const;
    const inputs = Array.from({ length: layers }, (_, i) =>
      kinds.map((kind) => floats(graph, `past_${kind}_${i}`, 'batch', 'past', width)),
    );
    const xs = writeEmbedding(place.within('embedding'), ids); // [B, T, E]
    const past = inputs.map(([k, v]) => ({ k: k.name, v: v.name }));
    const { outputs, present } = writeTransformer(place.within('transformer'), xs, { config, causal: true, past });
    return {
      logits: writeOutput(place, outputs, adaptive),
      state: inputs.flatMap((block, i) =>
        block.map((input, part) => ({
          ...{ input, value: present[i][kinds[part]] },
          output: floats(graph, `present_${kinds[part]}_${i}`, 'batch', 'past + steps', width),
        })),
      ),
    };
  },
};

/** xs `[…, H]` → `[…, V]`. */
function writeOutput(place: Place, xs: string, cutoffs: readonly number[] | undefined): string {
  const output = place.within('output');
  if (cutoffs) return writeAdaptiveSoftmax(output, xs, cutoffs);
  if (output.has('weight')) return writeLinear(output, xs);
  const narrow = output.has('projection.weight') ? writeLinear(output.within('projection'), xs) : xs;
  // Tied: the embedding's own matrix.
  const { shape, data } = place.within('embedding').numbers('weight');
  const table = output.graph.add('Transpose', [output.graph.floats('weight', shape, data)], { perm: [1, 0] });
  const logits = output.graph.add('MatMul', [narrow, table]);
  return output.has('bias') ? output.graph.add('Add', [logits, writeParameter(output, 'bias')]) : logits;
}
