import type { Bytes } from '../../io/bytes.ts';
import type { TagScores } from '../../nn/viterbi.ts';
import { GraphBuilder, type GraphValue } from '../../onnx/write/builder.ts';
import { writeWordTable } from '../../onnx/write/nn-layers.ts';
import { writeEmbedding, writeLinear } from '../../onnx/write/nn-linear.ts';
import { Place } from '../../onnx/write/nn-place.ts';
import { writeRecurrent } from '../../onnx/write/nn-recurrent.ts';
import { writeTwoWayReader } from '../../onnx/write/nn-two-way-reader.ts';
import type { Tagger } from './model.ts';

/**
 * A tagger as an ONNX file, up to the scores of the tags: `words` int32 [batch, steps] and `lengths` int32 [batch] → `emissions`
 * [batch, steps, tags]. A model that reads spellings also takes the distinct ones of a batch, `spellings` int32 [spellings,
 * characters] with `spelling_lengths` int32 [spellings], and `places` int32 [batch, steps], which of them each word has. With
 * a CRF the outputs `start` [tags], `end` [tags] and `transitions` [tags, tags] are what Viterbi's algorithm, which ONNX lacks,
 * finds the best tags with; without one a tag is the greatest emission. Transformers read at most 4,096 words. The metadata `unrolled` is its description as JSON.
 * @throws ConfigError naming the cell that ONNX lacks
 */
export async function taggerToOnnx(model: Tagger): Promise<Bytes> {
  const { config, vocabulary } = model;
  const { characters } = config;
  const graph = new GraphBuilder();
  const place = new Place(graph, await model.parameters.save());
  const inputs: GraphValue[] = [];
  const input = (name: string, ...shape: string[]): string => {
    inputs.push({ name: graph.name(name), isWhole: true, shape });
    return name;
  };
  const inTime = (x: string): string => place.graph.add('Transpose', [x], { perm: [1, 0] });
  const words = input('words', 'batch', 'steps');
  const lengths = input('lengths', 'batch');
  const parts = [writeWordTable(place, inTime(words))];
  if (characters > 0) {
    const spellings = input('spellings', 'spellings', 'characters');
    const counts = input('spelling_lengths', 'spellings');
    const vectors = writeSpellings(place.within('characters'), characters, inTime(spellings), counts);
    parts.push(place.graph.add('Gather', [vectors, inTime(input('places', 'batch', 'steps'))], { axis: 0 }));
  }
  const xs = parts.length === 1 ? parts[0] : place.graph.add('Concat', parts, { axis: -1 });
  const { outputs } = writeTwoWayReader(place, { ...config, bidirectional: true }, xs, lengths);
  const scores = writeLinear(place.within('output'), outputs); // [T, B, K]
  const K = vocabulary.tags.length;
  const results: GraphValue[] = [];
  const output = (name: string, value: string, ...shape: (number | string)[]): void => {
    const own = graph.name(name);
    place.graph.call(value, own);
    results.push({ name: own, isWhole: false, shape });
  };
  output('emissions', place.graph.add('Transpose', [scores], { perm: [1, 0, 2] }), 'batch', 'steps', K);
  if (config.crf) {
    const { device } = model;
    const found = await device.read(() => device.withoutGradients(() => model.scores(device.zeros([1, 1, K]))));
    const { start, end, transitions } = found as TagScores<ArrayLike<number>>;
    output('start', graph.floats('crf.start', [K], start), K);
    output('end', graph.floats('crf.end', [K], end), K);
    output('transitions', graph.floats('crf.transitions', [K, K], transitions), K, K);
  }
  return graph.encode('tagger', inputs, results, { unrolled: JSON.stringify(model.describe()) });
}

/** See `SpellingEncoder`: ids `[T, W]` → `[W, 2C]`. */
function writeSpellings(place: Place, hidden: number, ids: string, lengths: string): string {
  const embedded = writeEmbedding(place.within('embedding'), ids);
  const stack = { cell: 'lstm', hidden, bidirectional: true };
  const { states } = writeRecurrent(place.within('lstm'), stack, embedded, lengths);
  return place.graph.add(
    'Concat',
    states.map(([h]) => h),
    { axis: -1 },
  );
}
