/** Layers of `unrolled/nn` and models of tasks that are written to ONNX, with inputs and outputs. */
import { type Device, Random } from 'unrolled';
import {
  Activation,
  AttentionPooling,
  AveragePool2d,
  BatchNorm,
  type BuiltInCell,
  Conv1d,
  Conv2d,
  DepthwiseConv2d,
  Dropout,
  Embedding,
  Fire,
  Flatten,
  GlobalAveragePool,
  Highway,
  InvertedResidual,
  inference,
  initialiseParameters,
  type Layer,
  LayerNorm,
  Linear,
  MaxPool2d,
  type Parameters,
  Recurrent,
  Residual,
  SeparableConv2d,
  Sequential,
  type StackOptions,
  WordTable,
} from 'unrolled/nn';
import { layerToOnnx } from 'unrolled/onnx';
import { Classifier, type ClassifierConfig, classifyTask, summaries } from 'unrolled/tasks/classify';
import { classifyImagesTask, ImageClassifier } from 'unrolled/tasks/classify-images';
import { LanguageModel, type LanguageModelConfig, languageModelTask } from 'unrolled/tasks/language-model';
import { Tagger, tagTask, tagVocabulary } from 'unrolled/tasks/tag';
import { tokenizerFor } from 'unrolled/tokenizers';
import { wordIds, wordVocabulary } from 'unrolled/words';
import { floats, type Numbers } from './models.ts';
import type { Written } from './written.ts';

export const whole = (shape: readonly number[], data: readonly number[]): Numbers => ({
  shape,
  data: Int32Array.from(data),
});

/** Moves every parameter away from its initial value, so that biases and statistics count. */
export function stir(device: Device, parameters: Parameters): void {
  const random = new Random(8);
  for (const { name, value } of parameters) {
    const numbers = value.data();
    const isVariance = name.endsWith('running_var');
    device.backend.write(
      value,
      numbers.map((n) => (isVariance ? 0.5 + random.uniform() : n + 0.3 * random.normal())),
    );
  }
}

/** A layer over one input. */
export const ofLayer =
  (make: () => Layer, shape: readonly number[], input: Numbers) =>
  async (device: Device): Promise<Written> => {
    const layer = make();
    const parameters = initialiseParameters(layer, shape, device, 1);
    stir(device, parameters);
    const isWhole = input.data instanceof Int32Array;
    const x = device.tensor(input.data, input.shape, isWhole ? 'int32' : undefined);
    const expected = [layer.apply(x, inference).data()];
    const bytes = await layerToOnnx(layer, parameters, { input: shape, dtype: isWhole ? 'int32' : 'float32' });
    return { bytes, inputs: [input], expected };
  };

const sequence = (...layers: Layer[]) => ofLayer(() => new Sequential(layers), [-1, -1, 3], floats(5, 2, 3));
const image = (...layers: Layer[]) => ofLayer(() => new Sequential(layers), [-1, 9, 8, 4], floats(2, 9, 8, 4));

const lengths = [6, 1, 4];
/** A stack over rows of different lengths. Steps behind a row's end are zeros in ONNX. */
const withLengths =
  (cell: BuiltInCell, bidirectional: boolean) =>
  async (device: Device): Promise<Written> => {
    const input = floats(6, 3, 2);
    const layer = new Recurrent({ cell, layers: 2, bidirectional });
    const parameters = initialiseParameters(layer, [-1, -1, 2], device, 1);
    stir(device, parameters);
    const { outputs } = layer.run(device.tensor(input.data, input.shape), inference, { lengths });
    const [, B, H] = outputs.shape;
    const expected = outputs.data().map((n, i) => {
      const [t, b] = [Math.floor(i / (B * H)), Math.floor(i / H) % B];
      return t < lengths[b] ? n : 0;
    });
    const bytes = await layerToOnnx(layer, parameters, { input: [-1, -1, 2], lengths: true });
    return { bytes, inputs: [input, whole([3], lengths)], expected: [expected] };
  };

const cells: readonly BuiltInCell[] = [
  { cell: 'rnn', hidden: 5 },
  { cell: 'rnn', hidden: 5, activation: 'relu' },
  { cell: 'irnn', hidden: 5 },
  { cell: 'lstm', hidden: 5 },
  { cell: 'lstm', hidden: 5, peephole: true },
  { cell: 'gru', hidden: 5 },
  { cell: 'gru', hidden: 5, reset: 'before', update: 'replace' },
];

/** ids of rows as `[batch, steps]`. */
function padded(rows: readonly (readonly number[])[]): Numbers {
  const T = Math.max(...rows.map(({ length }) => length));
  return whole(
    [rows.length, T],
    rows.flatMap((row) => [...row, ...new Array<number>(T - row.length).fill(0)]),
  );
}

const texts = ['abba', 'b', 'cab c', 'baccab'];
const small: ClassifierConfig = {
  ...{ cell: 'lstm', hidden: 5, layers: 2, embedding: 4, dropout: 0.3 },
  ...{ bidirectional: true, pooling: 'last', maxLength: 50 },
};

export const classifier =
  (config: Partial<ClassifierConfig>, words = false) =>
  async (device: Device): Promise<Written> => {
    const vocabulary = { ...wordVocabulary(texts.map((text) => text.split(' '))), further: ['cab'] };
    const tokens = words ? vocabulary : tokenizerFor('char', 'abc ');
    const model = new Classifier(device, tokens, ['x', 'y', 'z'], { ...small, ...config });
    stir(device, model.parameters);
    model.temperature = 1.7;
    const idOf = wordIds(vocabulary);
    const encode = (text: string): number[] =>
      'further' in tokens ? text.split(' ').map(idOf) : [...tokens.encode(text)];
    const rows = texts.map(encode);
    const counts = rows.map(({ length }) => length);
    const answers = await model.predict(texts);
    const expected = answers.flatMap(({ probabilities }) =>
      model.labels.map((label) => probabilities.find((one) => one.label === label)!.probability),
    );
    return {
      bytes: await classifyTask.toOnnx!(model),
      inputs: [padded(rows), whole([rows.length], counts)],
      expected: [expected],
    };
  };

const languageModel =
  (config: Partial<LanguageModelConfig>) =>
  async (device: Device): Promise<Written> => {
    const tokenizer = tokenizerFor('char', 'abc ');
    const all = { cell: 'lstm', hidden: 6, layers: 2, embedding: 4, dropout: 0.2, ...config } as LanguageModelConfig;
    const model = new LanguageModel(device, tokenizer, all);
    stir(device, model.parameters);
    const rows = ['abba', 'c ba'].map((text) => [...tokenizer.encode(text)]);
    const turned = (values: ArrayLike<number>, T: number, B: number, V: number): number[] =>
      Array.from({ length: T * B * V }, (_, i) => {
        const [b, t, v] = [Math.floor(i / (T * V)), Math.floor(i / V) % T, i % V];
        return values[(t * B + b) * V + v];
      });
    const ids = (part: readonly (readonly number[])[]) =>
      device.ids(
        part[0].flatMap((_, t) => part.map((row) => row[t])),
        [part[0].length, 2],
      );
    // The second half of the texts, with the state after the first.
    const { state: first } = model.apply(ids(rows.map((row) => row.slice(0, 2))));
    const { logits, state } = model.apply(ids(rows.map((row) => row.slice(2))), undefined, { state: first });
    const parts = (of: typeof state) => of.flatMap((one) => Object.values(one)).map((tensor) => tensor.data());
    const H = model.recurrent.cell.width;
    return {
      bytes: await languageModelTask.toOnnx!(model),
      inputs: [
        padded(rows.map((row) => row.slice(2))),
        ...parts(first).map((data) => ({ shape: [2, H], data: Float32Array.from(data) })),
      ],
      expected: [turned(logits.data(), 2, 2, tokenizer.size), ...parts(state)],
    };
  };

const sentences = [
  ['Mr', 'Bell', 'lives', 'in', 'Oslo'],
  ['Mr', 'Kade'],
];
export const tagger =
  (crf: boolean, characters: number, transformer?: StackOptions) =>
  async (device: Device): Promise<Written> => {
    const vocabulary = tagVocabulary([
      { words: sentences[0], tags: ['O', 'B-PER', 'O', 'O', 'B-LOC'] },
      { words: sentences[1], tags: ['O', 'B-PER'] },
    ]);
    const config = { cell: 'gru', hidden: 4, layers: 1, embedding: 3, characters, dropout: 0.1, crf, transformer };
    const model = new Tagger(device, vocabulary, config);
    stir(device, model.parameters);
    const { words, places, shape, spellings } = model.encoder.encode(sentences, inference);
    const [T, B] = shape;
    const batchFirst = (values: ArrayLike<number>, rows: number, steps: number): Numbers =>
      whole(
        [rows, steps],
        Array.from({ length: rows * steps }, (_, i) => values[(i % steps) * rows + Math.floor(i / steps)]),
      );
    const counts = sentences.map(({ length }) => length);
    const emissions = model.emissions(sentences);
    const K = vocabulary.tags.length;
    const values = emissions.data();
    // Behind the end of a row outputs of recurrent layers are zeros in ONNX, so that the bias is left.
    const bias = (await model.parameters.save())['output.bias'].data;
    const expected = Array.from({ length: B * T * K }, (_, i) => {
      const [row, t, k] = [Math.floor(i / (T * K)), Math.floor(i / K) % T, i % K];
      return transformer || t < counts[row] ? values[(t * B + row) * K + k] : bias[k];
    });
    const scores = model.scores(emissions);
    const ends = 'transitions' in scores ? [scores.start, scores.end, scores.transitions] : [];
    const spelled = [
      batchFirst(spellings.values, spellings.shape[1], spellings.shape[0]),
      whole([spellings.lengths.length], [...spellings.lengths]),
      batchFirst(places, B, T),
    ];
    return {
      bytes: await tagTask.toOnnx!(model),
      inputs: [batchFirst(words, B, T), whole([B], counts), ...(characters > 0 ? spelled : [])],
      expected: [expected, ...ends.map((tensor) => tensor.data())],
    };
  };

/** @param size  of images in pixels */
export const imageClassifier =
  (layers: Readonly<Record<string, Layer>>, size: number) =>
  async (device: Device): Promise<Written> => {
    const model = new ImageClassifier(device, {
      config: { network: new Sequential(layers).config, mirror: true },
      labels: ['x', 'y', 'z'],
      preprocessing: { size, crop: 'none', mean: [0, 0, 0], std: [1, 1, 1] },
    });
    stir(device, model.parameters);
    const random = new Random(4);
    const pixels = Uint8Array.from({ length: size * size * 3 }, () => random.below(256));
    const [{ probabilities }] = await model.predict([{ width: size, height: size, channels: 3, data: pixels }]);
    return {
      bytes: await classifyImagesTask.toOnnx!(model),
      inputs: [{ shape: [1, size, size, 3], data: Float32Array.from(pixels, (n) => n / 255) }],
      expected: [model.labels.map((label) => probabilities.find((one) => one.label === label)!.probability)],
    };
  };

const block = (): Layer =>
  new Sequential({ conv1: new Conv2d({ channels: 4, kernel: 3, padding: 1 }), bn1: new BatchNorm() });

export const nnCases: Readonly<Record<string, (device: Device) => Promise<Written>>> = {
  ...Object.fromEntries(
    cells.flatMap((cell) =>
      [false, true].map((both) => [
        `nn ${JSON.stringify(cell)}${both ? ', both directions' : ''}`,
        withLengths(cell, both),
      ]),
    ),
  ),
  'nn layers of sequences': sequence(
    new Conv1d({ channels: 4, kernel: 3, padding: 'causal', dilation: 2 }),
    new Activation({ kind: 'relu' }),
    new Conv1d({ channels: 4, kernel: 2, padding: [1, 0], groups: 2 }),
    new Recurrent({ cell: 'gru', hidden: 4 }),
    new LayerNorm(),
    new Highway({ activation: 'tanh' }),
    new Dropout({ rate: 0.5 }),
    new AttentionPooling({ units: 3 }),
    new Linear({ units: 2, bias: false }),
  ),
  'nn ids': ofLayer(
    () =>
      new Sequential({
        table: new Embedding({ vocabularySize: 7, dimension: 3 }),
        lstm: new Recurrent({ cell: 'lstm', hidden: 4 }),
      }),
    [-1, -1],
    whole([3, 2], [0, 6, 3, 3, 2, 1]),
  ),
  'nn words': ofLayer(
    () => new WordTable({ words: 2, further: 2, dimension: 3 }),
    [-1, -1],
    whole([3, 2], [0, 4, 3, 1, 2, 1]),
  ),
  'nn layers of images': image(
    new Conv2d({ channels: 4, kernel: [3, 2], stride: 2, padding: 'same' }),
    new BatchNorm(),
    new Activation({ kind: 'relu6' }),
    new DepthwiseConv2d({ kernel: 3, padding: 1, multiplier: 2 }),
    new MaxPool2d({
      kernel: 2,
      stride: 1,
      padding: [
        [0, 1],
        [1, 0],
      ],
    }),
    new SeparableConv2d({ channels: 3, kernel: 3, padding: 'same' }),
    new Flatten(),
    new Linear({ units: 2 }),
  ),
  'nn pooling of images': image(
    new AveragePool2d({ kernel: 3, stride: 2, padding: 1 }),
    new AveragePool2d({ kernel: [2, 3], stride: 1, padding: [1, 1], countPadding: true }),
    new MaxPool2d({ kernel: 2, stride: 2, ceil: true }),
  ),
  'nn blocks of images': image(
    new Residual({ body: block(), shortcut: null, activation: 'relu', names: { body: '' } }),
    new Fire({ squeeze: 2, expand: 3 }),
    new InvertedResidual({ channels: 6, squeezeExcite: 2 }),
    new InvertedResidual({ channels: 5, expansion: 1, stride: 2, padding: 'same' }),
    new GlobalAveragePool(),
  ),
  ...Object.fromEntries(summaries.map((pooling) => [`classifier, ${pooling}`, classifier({ pooling })])),
  'classifier of words': classifier({ bidirectional: false, cell: 'gru' }, true),
  'language model': languageModel({}),
  'language model, tied': languageModel({ tied: true, cell: 'gru' }),
  'language model, adaptive': languageModel({ adaptive: [2, 3] }),
  'tagger with crf and spellings': tagger(true, 3),
  'tagger of words': tagger(false, 0),
  'image classifier': imageClassifier(
    {
      conv: new Conv2d({ channels: 4, kernel: 3 }),
      relu: new Activation({ kind: 'relu' }),
      means: new GlobalAveragePool(),
      output: new Linear({ units: 3 }),
    },
    5,
  ),
};
