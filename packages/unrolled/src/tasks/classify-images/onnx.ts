import type { Bytes } from '../../io/bytes.ts';
import { GraphBuilder } from '../../onnx/write/builder.ts';
import { writeNnLayer } from '../../onnx/write/nn-layers.ts';
import { Place } from '../../onnx/write/nn-place.ts';
import type { ImageClassifier } from './model.ts';

/**
 * An image classifier as an ONNX file: `images` float32 [batch, rows, columns, channels], preprocessed as the description in the
 * metadata `unrolled` says → `probabilities` [batch, labels], divided by the temperature.
 * @throws ConfigError naming a layer of the network that is not written
 */
export async function imageClassifierToOnnx(model: ImageClassifier): Promise<Bytes> {
  const { config, labels, temperature, inputShape } = model;
  const graph = new GraphBuilder();
  const place = new Place(graph, await model.parameters.save());
  const [images, probabilities] = ['images', 'probabilities'].map((name) => graph.name(name));
  const x = config.mirror ? withMirrored(place, images) : images;
  const { name } = writeNnLayer(place, config.network, { name: x, rank: 4, lengths: null });
  const logits = config.mirror ? meanOfBoth(place, name, labels.length) : name;
  const scaled = place.graph.add('Mul', [logits, graph.number(1 / temperature)]);
  graph.call(graph.add('Softmax', [scaled], { axis: -1 }), probabilities);
  return graph.encode(
    'image classifier',
    [{ name: images, isWhole: false, shape: ['batch', ...inputShape.slice(1)] }],
    [{ name: probabilities, isWhole: false, shape: ['batch', labels.length] }],
    { unrolled: JSON.stringify(model.describe()) },
  );
}

/** Images, and behind them the same with their columns in reverse order. */
function withMirrored({ graph }: Place, images: string): string {
  const [from, to, axis, step] = [-1, Number.MIN_SAFE_INTEGER, 2, -1].map((n) => graph.whole([n]));
  return graph.add('Concat', [images, graph.add('Slice', [images, from, to, axis, step])], { axis: 0 });
}

const meanOfBoth = ({ graph }: Place, logits: string, labels: number): string =>
  graph.add('ReduceMean', [graph.add('Reshape', [logits, graph.whole([2, -1, labels])])], { axes: [0], keepdims: 0 });
