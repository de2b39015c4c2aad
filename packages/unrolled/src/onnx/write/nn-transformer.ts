import type { TransformerEncoderOptions } from '../../nn/transformer/encoder.ts';
import type { BlockOptions } from '../../nn/transformer/options.ts';
import { sinusoids } from '../../nn/transformer/positions.ts';
import type { VisionTransformerOptions } from '../../nn/vision/vision-transformer.ts';
import { rotaryTables } from '../../ops/rotary.ts';
import { writeActivation } from './activations.ts';
import { activeSteps, causallySeen, extentOf, hidden, numbersBelow } from './layer-writer.ts';
import { writeConv2d } from './nn-image-layers.ts';
import { writeEmbedding, writeLayerNorm, writeLinear, writeParameter } from './nn-linear.ts';
import type { Place } from './nn-place.ts';
import type { NnWriter } from './nn-value.ts';

/** How many positions are written where a model does not say how many there are. */
export const mostPositions = 4096;

/** Keys, before rotary positions turn them, and values of a block, `[B, S, G·D]` each. */
export interface WrittenCache {
  readonly k: string;
  readonly v: string;
}

interface Stack {
  readonly config: TransformerEncoderOptions;
  /** int32 `[B]`, or null where all steps count. Default null. */
  readonly lengths?: string | null;
  /** Whether a step sees those up to itself alone. Default false. */
  readonly causal?: boolean;
  /** The cache of each block. Default: nothing was read. */
  readonly past?: readonly WrittenCache[] | null;
}

interface Angles {
  readonly cosines: string;
  readonly sines: string;
}

/** How the queries of every block look at its keys. */
interface Look {
  /** Null unless positions are rotary. */
  readonly angles: { readonly queries: Angles; readonly keys: Angles } | null;
  /** True where a query sees a key: the axes of scores from the end. */
  readonly seen: readonly string[];
}

/**
 * The blocks of a `Transformer` or `TransformerEncoder`, x `[B, T, E]` → outputs `[B, T, E]`, and what each block remembers. The
 * cache has keys as they are before they are turned, which happens in every run: a key has the position that it has in the cache,
 * so that the first steps of the cache may be left out.
 */
export function writeTransformer(
  place: Place,
  x: string,
  { config, lengths = null, causal = false, past = null }: Stack,
): { readonly outputs: string; readonly present: readonly WrittenCache[] } {
  const { graph } = place;
  const steps = extentOf(graph, x, 1);
  const before = past && extentOf(graph, past[0].k, 1);
  const all = before === null ? steps : graph.add('Add', [before, steps]);
  const keys = numbersBelow(graph, all); // [S]
  const queries = before === null ? keys : numbersBelow(graph, all, before); // [T]
  const seen = causal ? [causallySeen(graph, queries, keys)] : [];
  if (lengths !== null) {
    // [B, S] → [B, 1, 1, S], or with an axis more where heads share keys.
    const axes = sharing(config) > 1 ? [1, 2, 3] : [1, 2];
    seen.push(graph.add('Unsqueeze', [activeSteps(graph, x, lengths), graph.whole(axes)]));
  }
  const look = { angles: anglesOf(place, config, queries, keys), seen };
  let outputs = withPositions(place, config, x, queries);
  if (config.inputNorm) outputs = norm(place.within('inputNorm'), config, outputs);
  const present = Array.from({ length: config.layers }, (_, i) => {
    const done = block(place.within(`blocks.${i}`), config, outputs, look, past?.[i] ?? null);
    outputs = done.outputs;
    return done.present;
  });
  if (!config.postNorm) outputs = norm(place.within('norm'), config, outputs);
  return { outputs, present };
}

/** H/G, the heads that share a head of keys and values. */
const sharing = ({ heads, groups = heads }: BlockOptions): number => heads / groups;

const widthOf = (place: Place): number => place.numbers('blocks.0.attention.query.weight').shape[0];

const counted = (n: number): Int32Array => Int32Array.from({ length: n }, (_, i) => i);

/** x with what learnt or sinusoidal positions add to it. */
function withPositions(place: Place, config: TransformerEncoderOptions, x: string, queries: string): string {
  const { positions = 'rotary', base, context = mostPositions } = config;
  if (positions !== 'learnt' && positions !== 'sinusoidal') return x;
  const E = widthOf(place);
  const rows =
    positions === 'learnt'
      ? writeEmbedding(place.within('positions'), queries)
      : gathered(place, place.graph.floats('sinusoids', [context, E], sinusoids(counted(context), E, base)), queries);
  return place.graph.add('Add', [x, rows]);
}

const gathered = ({ graph }: Place, table: string, rows: string): string =>
  graph.add('Gather', [table, rows], { axis: 0 });

/** The angles of the positions of queries and of keys, `[T, 1, D]` and `[S, 1, D]`. */
function anglesOf(place: Place, config: TransformerEncoderOptions, queries: string, keys: string): Look['angles'] {
  const { positions = 'rotary', base, heads, context = mostPositions } = config;
  if (positions !== 'rotary') return null;
  const D = widthOf(place) / heads;
  const tables = rotaryTables(counted(context), D, base);
  const [cosines, sines] = (['cosines', 'sines'] as const).map((name) =>
    place.graph.floats(name, [context, 1, D], tables[name]),
  );
  const of = (rows: string): Angles => ({
    cosines: gathered(place, cosines, rows),
    sines: gathered(place, sines, rows),
  });
  const ofKeys = of(keys);
  return { keys: ofKeys, queries: queries === keys ? ofKeys : of(queries) };
}

function block(
  place: Place,
  config: BlockOptions,
  x: string,
  look: Look,
  past: WrittenCache | null,
): { readonly outputs: string; readonly present: WrittenCache } {
  let present!: WrittenCache;
  const part = (value: string, normName: string, apply: (input: string) => string): string => {
    const own = place.within(normName);
    if (config.postNorm) return norm(own, config, place.graph.add('Add', [value, apply(value)]));
    const result = apply(norm(own, config, value));
    return place.graph.add('Add', [value, result]);
  };
  const attended = part(x, 'norm1', (input) => {
    const done = attention(place.within('attention'), config, input, look, past);
    present = done.present;
    return done.outputs;
  });
  return {
    outputs: part(attended, 'norm2', (input) => feedForward(place.within('feedForward'), config, input)),
    present,
  };
}

/** See `Norm` of `unrolled/nn`. */
function norm(place: Place, { norm: kind, epsilon = 1e-5 }: BlockOptions, x: string): string {
  if (kind !== 'rms') return writeLayerNorm(place, x, epsilon);
  const { graph } = place;
  const square = graph.add('ReduceMean', [graph.add('Mul', [x, x])], { axes: [-1], keepdims: 1 });
  const size = graph.add('Sqrt', [graph.add('Add', [square, graph.number(epsilon)])]);
  return graph.add('Mul', [graph.add('Div', [x, size]), writeParameter(place, 'weight')]);
}

function feedForward(place: Place, { activation = 'gelu', gated = false }: BlockOptions, x: string): string {
  const up = writeLinear(place.within('up'), x);
  const bent = (value: string): string => writeActivation(place.graph, value, activation)!;
  const inner = gated ? place.graph.add('Mul', [bent(writeLinear(place.within('gate'), x)), up]) : bent(up);
  return writeLinear(place.within('down'), inner);
}

function attention(
  place: Place,
  config: BlockOptions,
  x: string,
  { angles, seen }: Look,
  past: WrittenCache | null,
): { readonly outputs: string; readonly present: WrittenCache } {
  const { heads: H, groups: G = H } = config;
  const shared = sharing(config) > 1;
  const [query, key, value] = ['query', 'key', 'value'].map((name) => writeLinear(place.within(name), x));
  const { graph } = place;
  const extended = (name: string, before: string | undefined): string =>
    before === undefined ? name : graph.add('Concat', [before, name], { axis: 1 });
  const present = { k: extended(key, past?.k), v: extended(value, past?.v) };
  const D = place.numbers('query.weight').shape[0] / H;
  const split = (name: string, ...heads: number[]): string =>
    graph.add('Reshape', [name, graph.whole([0, 0, ...heads, D])]);
  const turned = (name: string, of: Angles | undefined): string => (of ? rotary(place, name, of) : name);
  const spread = (name: string): string => (shared ? graph.add('Unsqueeze', [name, graph.whole([2])]) : name);

  const scaled = graph.add('Mul', [turned(split(query, H), angles?.queries), graph.number(1 / Math.sqrt(D))]);
  const queries = shared
    ? graph.add('Transpose', [split(scaled, G, H / G)], { perm: [0, 2, 3, 1, 4] }) // [B, G, H/G, T, D]
    : graph.add('Transpose', [scaled], { perm: [0, 2, 1, 3] }); // [B, H, T, D]
  const keys = graph.add('Transpose', [turned(split(present.k, G), angles?.keys)], { perm: [0, 2, 3, 1] }); // [B, G, D, S]
  const values = graph.add('Transpose', [split(present.v, G)], { perm: [0, 2, 1, 3] }); // [B, G, S, D]
  const scores = seen.reduce((all, one) => hidden(graph, all, one), graph.add('MatMul', [queries, spread(keys)]));
  const weights = graph.add('Softmax', [scores], { axis: -1 });
  const found = graph.add('MatMul', [weights, spread(values)]);
  const rows = graph.add('Transpose', [found], { perm: shared ? [0, 3, 1, 2, 4] : [0, 2, 1, 3] });
  const joined = graph.add('Reshape', [rows, graph.whole([0, 0, H * D])]);
  return { outputs: writeLinear(place.within('output'), joined), present };
}

/** x `[B, T, heads, D]`, whose halves (a, b) become (a cos − b sin, b cos + a sin). */
function rotary({ graph }: Place, x: string, { cosines, sines }: Angles): string {
  const [a, b] = graph.addSeveral('Split', [x], { axis: -1 }, 2);
  const exchanged = graph.add('Concat', [b, a], { axis: -1 });
  return graph.add('Add', [graph.add('Mul', [x, cosines]), graph.add('Mul', [exchanged, sines])]);
}

/** Exchanges the axes of batch and steps. */
const exchanged = ({ graph }: Place, x: string): string => graph.add('Transpose', [x], { perm: [1, 0, 2] });

/** A `TransformerEncoder` over vectors, `[T, B, E]` → `[T, B, E]`; what stands behind the end of a row says nothing. */
export function writeEncoder(
  place: Place,
  config: TransformerEncoderOptions,
  xs: string,
  lengths: string | null,
): string {
  return exchanged(place, writeTransformer(place, exchanged(place, xs), { config, lengths }).outputs);
}

const transformerEncoder: NnWriter = (place, config, { name, lengths }) => {
  const options = config as unknown as TransformerEncoderOptions;
  const xs = options.vocabularySize === undefined ? name : writeEmbedding(place.within('embedding'), name);
  return { name: writeEncoder(place, options, xs, lengths), rank: 3, lengths };
};

/** A `Transformer` that has read nothing, over at most as many steps as its context. Steps see nothing behind a row's end. */
const transformer: NnWriter = (place, config, x) => {
  const stack = { config: config as unknown as TransformerEncoderOptions, causal: true };
  return { ...x, name: exchanged(place, writeTransformer(place, exchanged(place, x.name), stack).outputs) };
};

/** `[B, H, W, C]` → `[B, E]`. */
const visionTransformer: NnWriter = (place, config, x) => {
  const { patch, dimension: E, ...options } = config as unknown as VisionTransformerOptions;
  const cut = writeConv2d(place.within('patches'), x.name, { kernel: patch, stride: patch }, 1);
  const { graph } = place;
  const vectors = graph.add('Reshape', [cut, graph.whole([0, -1, E])]);
  const batch = graph.add('Slice', [graph.add('Shape', [vectors]), graph.whole([0]), graph.whole([1])]);
  const shape = graph.add('Concat', [batch, graph.whole([1, E])], { axis: 0 });
  const token = graph.add('Expand', [writeParameter(place, 'token'), shape]);
  const all = graph.add('Concat', [token, vectors], { axis: 1 });
  const { outputs } = writeTransformer(place.within('encoder'), all, { config: { ...options, positions: 'learnt' } });
  return { name: place.graph.add('Gather', [outputs, graph.whole(0)], { axis: 1 }), rank: 2, lengths: null };
};

/** Transformers that read one sequence or image. */
export const nnTransformerLayers: Readonly<Record<string, NnWriter>> = {
  transformer,
  transformerEncoder,
  visionTransformer,
};
