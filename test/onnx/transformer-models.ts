/** Transformers that are written to ONNX, with inputs and outputs. */
import type { Device } from 'unrolled';
import {
  Embedding,
  inference,
  initialiseParameters,
  Linear,
  Sequential,
  type StackOptions,
  Transformer,
  TransformerEncoder,
  type TransformerEncoderOptions,
  VisionTransformer,
} from 'unrolled/nn';
import { layerToOnnx } from 'unrolled/onnx';
import { LanguageModel, type LanguageModelConfig, languageModelTask } from 'unrolled/tasks/language-model';
import { tokenizerFor } from 'unrolled/tokenizers';
import { floats, type Numbers } from './models.ts';
import { classifier, imageClassifier, ofLayer, stir, tagger, whole } from './nn-models.ts';
import type { Written } from './written.ts';

const E = 8;
const tokenizer = tokenizerFor('char', 'abcdef ');
const V = tokenizer.size;

/** Together every option of a block, and every kind of positions. */
const variants: Readonly<Record<string, Partial<StackOptions>>> = {
  'rotary positions': {},
  'post-norm, sinusoidal positions, relu': { postNorm: true, positions: 'sinusoidal', activation: 'relu' },
  'learnt positions, tanh gelu': { positions: 'learnt', activation: 'geluTanh', feedForward: 12 },
  'rms norm, gated silu, shared keys, no bias': {
    ...{ norm: 'rms', gated: true, activation: 'silu', groups: 2, bias: false, epsilon: 1e-6 },
  },
  'post-norm of rms, one head of keys, no positions': { postNorm: true, norm: 'rms', groups: 1, positions: 'none' },
  'sinusoidal positions of another base': { base: 50, positions: 'sinusoidal' },
};
const stackOf = (options: Partial<StackOptions>, context: number) => ({ layers: 2, heads: 4, context, ...options });

/** Ids of two rows, from step `start` to `end` of a text. */
const ids = (start: number, end: number): Numbers => {
  const row = (b: number) => Array.from({ length: end - start }, (_, i) => ((start + i) ** 2 + 3 * b) % V);
  return whole([2, end - start], [...row(0), ...row(1)]);
};

/**
 * A text read in parts, each with the cache after those before it.
 * @param cuts  where parts end
 * @param keep  steps of the cache that are kept from the second part on; default: all
 */
const languageModel =
  (options: Partial<StackOptions>, { config = {}, context = 9, cuts = [5, 6, 9], keep }: ReadingOptions = {}) =>
  async (device: Device): Promise<Written> => {
    const sequence = new Transformer(stackOf(options, context));
    const all = { sequence, embedding: E, dropout: 0.2, ...config } as LanguageModelConfig;
    const model = new LanguageModel(device, tokenizer, all);
    stir(device, model.parameters);
    const T = cuts.at(-1)!;
    const { data } = ids(0, T);
    const inTime = Array.from({ length: 2 * T }, (_, i) => data[(i % 2) * T + Math.floor(i / 2)]);
    const logits = model.apply(device.ids(inTime, [T, 2])).logits.data(); // [T, B, V]
    const parts = cuts.map((end, i) => {
      const start = cuts[i - 1] ?? 0;
      const row = (b: number): number[] =>
        Array.from({ length: end - start }, (_, t) => {
          const at = ((start + t) * 2 + b) * V;
          return Array.from(logits.slice(at, at + V));
        }).flat();
      // The cache shows in what the next part gives.
      const state = new Array<null>(2 * sequence.config.layers).fill(null);
      return { inputs: [ids(start, end)], expected: [[...row(0), ...row(1)], ...state], keep };
    });
    const [first, ...then] = parts;
    const { layers, heads, groups = heads } = sequence.config;
    const none = { shape: [2, 0, (E / heads) * groups], data: new Float32Array(0) };
    return {
      bytes: await languageModelTask.toOnnx!(model),
      inputs: [...first.inputs, ...new Array<Numbers>(2 * layers).fill(none)],
      expected: first.expected,
      then,
    };
  };

interface ReadingOptions {
  readonly config?: Partial<LanguageModelConfig>;
  readonly context?: number;
  readonly cuts?: readonly number[];
  readonly keep?: number;
}

const lengths = [6, 1, 4];
const encoder =
  (options: Partial<TransformerEncoderOptions>) =>
  async (device: Device): Promise<Written> => {
    const layer = new TransformerEncoder(stackOf(options, 6));
    const isOfIds = options.vocabularySize !== undefined;
    const input = isOfIds
      ? whole(
          [6, 3],
          Array.from({ length: 18 }, (_, i) => (i * i) % 5),
        )
      : floats(6, 3, E);
    const shape = isOfIds ? [-1, -1] : [-1, -1, E];
    const parameters = initialiseParameters(layer, shape, device, 1);
    stir(device, parameters);
    const dtype = isOfIds ? 'int32' : 'float32';
    const xs = device.tensor(input.data, input.shape, dtype);
    return {
      bytes: await layerToOnnx(layer, parameters, { input: shape, dtype, lengths: true }),
      inputs: [input, whole([3], lengths)],
      expected: [layer.apply({ xs, lengths }, inference).data()],
    };
  };

const blocks = { layers: 2, heads: 2, groups: 1 };
const vision = new VisionTransformer({ layers: 2, heads: 2, dimension: E, patch: 4, gated: true });
const table = new Embedding({ vocabularySize: 5, dimension: E });

const eachVariant = <Case>(prefix: string, make: (options: Partial<StackOptions>) => Case): Record<string, Case> =>
  Object.fromEntries(Object.entries(variants).map(([name, options]) => [`${prefix}, ${name}`, make(options)]));

export const transformerCases: Readonly<Record<string, (device: Device) => Promise<Written>>> = {
  ...eachVariant('transformer in parts', (options) => languageModel(options)),
  ...eachVariant('transformer encoder with lengths', encoder),
  'transformer, step by step': languageModel({}, { cuts: [1, 2, 3, 4] }),
  'transformer, the cache cut at the end of the context': languageModel({}, { context: 6, cuts: [6, 9], keep: 3 }),
  'transformer, tied without bias': languageModel({ groups: 2 }, { config: { tied: true, outputBias: false } }),
  'transformer, adaptive': languageModel({}, { config: { adaptive: [2, 5] } }),
  "BERT's encoder": encoder({
    ...{ vocabularySize: 5, dimension: E, inputNorm: true, postNorm: true, positions: 'learnt', epsilon: 1e-12 },
  }),
  'layers around a transformer': ofLayer(
    () => new Sequential({ table, blocks: new Transformer(stackOf({}, 9)), output: new Linear({ units: 3 }) }),
    [-1, -1],
    whole([5, 2], [0, 1, 3, 2, 4, 4, 2, 0, 0, 1]),
  ),
  'vision transformer': ofLayer(() => vision, [-1, 8, 12, 3], floats(2, 8, 12, 3)),
  'classifier with a transformer': classifier({ transformer: blocks, hidden: E, pooling: 'attention' }),
  'classifier of words with a transformer': classifier(
    { transformer: { ...blocks, positions: 'sinusoidal' }, hidden: E, embedding: E, pooling: 'max' },
    true,
  ),
  'tagger with a transformer': tagger(true, 3, { ...blocks, norm: 'rms' }),
  'image classifier with a transformer': imageClassifier({ vision, output: new Linear({ units: 3 }) }, 8),
};
