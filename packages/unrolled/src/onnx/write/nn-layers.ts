import type { AdaptiveSoftmaxOptions } from '../../nn/adaptive-softmax.ts';
import type { HighwayOptions } from '../../nn/highway.ts';
import type { LayerNormOptions } from '../../nn/layer-norm.ts';
import type { RecurrentLayerOptions } from '../../nn/recurrent.ts';
import type { Sequential } from '../../nn/sequential.ts';
import { writeActivation } from './activations.ts';
import { type Numbers, stacked } from './arrays.ts';
import { nnImageLayers } from './nn-image-layers.ts';
import { writeEmbedding, writeLayerNorm, writeLinear } from './nn-linear.ts';
import type { Place } from './nn-place.ts';
import { withPadding, writeRecurrent } from './nn-recurrent.ts';
import { nnTransformerLayers } from './nn-transformer.ts';
import { inPlace, type NnWriter, type WriteAny } from './nn-value.ts';

/** The trainable words and the frozen ones in one table. */
export function writeWordTable(place: Place, ids: string): string {
  const tables: Numbers[] = [place.numbers('words.weight')];
  if (place.has('further.weight')) tables.push(place.numbers('further.weight'));
  const { shape, data } = stacked(tables);
  return place.graph.add('Gather', [place.graph.floats('words', shape, data), ids], { axis: 0 });
}

/** See `AttentionPooling`: `[T, B, F]` → `[B, F]`. */
export function writeAttentionPooling(place: Place, xs: string, lengths: string | null): string {
  const keys = place.graph.add('Tanh', [writeLinear(place.within('key'), xs)]);
  const scores = writeLinear(place.within('score'), keys); // [T, B, 1]
  const seen = lengths === null ? scores : withPadding(place, scores, lengths, -1e9);
  const values = lengths === null ? xs : withPadding(place, xs, lengths, 0);
  const { graph } = place;
  const weighted = graph.add('Mul', [graph.add('Softmax', [seen], { axis: 0 }), values]);
  return graph.add('ReduceSum', [weighted, graph.whole([0])], { keepdims: 0 });
}

function highway(place: Place, x: string, { activation = 'relu' }: HighwayOptions): string {
  const gate = writeLinear(place.within('gate'), x);
  const transform = writeLinear(place.within('transform'), x);
  const { graph } = place;
  // g ⊙ φ + (1 − g) ⊙ x = x + g ⊙ (φ − x)
  const change = graph.add('Sub', [writeActivation(graph, transform, activation)!, x]);
  return graph.add('Add', [x, graph.add('Mul', [graph.add('Sigmoid', [gate]), change])]);
}

/** log P of every class, the head's first, then those of each cluster: see `AdaptiveSoftmax`. */
export function writeAdaptiveSoftmax(place: Place, x: string, cutoffs: readonly number[]): string {
  const logits = writeLinear(place.within('head'), x);
  const part = (from: number, to: number): string => {
    const { graph } = place;
    return graph.add('Slice', [head, ...[from, to, -1].map((n) => graph.whole([n]))]);
  };
  const head = place.graph.add('LogSoftmax', [logits], { axis: -1 });
  const clusters = cutoffs.map((_, i) => {
    const tail = place.within(`tail.${i}`);
    const scores = writeLinear(tail.within('1'), writeLinear(tail.within('0'), x));
    const own = tail.graph.add('LogSoftmax', [scores], { axis: -1 });
    return place.graph.add('Add', [own, part(cutoffs[0] + i, cutoffs[0] + i + 1)]);
  });
  return place.graph.add('Concat', [part(0, cutoffs[0]), ...clusters], { axis: -1 });
}

const identity: NnWriter = (_place, _config, x) => x;

/** Layers with one input, by the names in their configurations. */
export const nnLayers: Readonly<Record<string, NnWriter>> = {
  ...nnImageLayers,
  ...nnTransformerLayers,
  adaptiveSoftmax: inPlace<AdaptiveSoftmaxOptions>((place, x, { cutoffs }) => writeAdaptiveSoftmax(place, x, cutoffs)),
  attentionPooling: (place, _, { name, lengths }) => ({
    name: writeAttentionPooling(place, name, lengths),
    rank: 2,
    lengths: null,
  }),
  dropout: identity,
  channelDropout: identity,
  embedding: (place, _, x) => ({ ...x, name: writeEmbedding(place, x.name), rank: x.rank + 1 }),
  highway: inPlace(highway),
  layerNorm: inPlace<LayerNormOptions>((place, x, { epsilon }) => writeLayerNorm(place, x, epsilon)),
  linear: inPlace(writeLinear),
  recurrent: (place, config, x) => {
    const options = config as unknown as RecurrentLayerOptions;
    return { ...x, name: writeRecurrent(place, options, x.name, x.lengths).outputs };
  },
  sequential: (place, config, x, write) =>
    Object.entries((config as Sequential['config']).layers).reduce(
      (value, [name, layer]) => write(place.within(name), layer, value),
      x,
    ),
  wordTable: (place, _, x) => ({ ...x, name: writeWordTable(place, x.name), rank: x.rank + 1 }),
};

/** Writes a layer of `unrolled/nn`. @throws ConfigError naming the layer that is not written */
export const writeNnLayer: WriteAny = (place, config, x) => {
  const { layer } = config;
  if (Object.hasOwn(nnLayers, layer)) return nnLayers[layer](place, config, x, writeNnLayer);
  throw place.refusal(`is of the kind '${layer}', which is not written to ONNX`);
};
