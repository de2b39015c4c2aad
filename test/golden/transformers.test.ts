import { openDevice, type Tensor } from 'unrolled';
import { encodePytorch, encodeSafetensors } from 'unrolled/io';
import { type ModelFolder, readPretrained } from 'unrolled/pretrained';
import { ImageClassifier } from 'unrolled/tasks/classify-images';
import { LanguageModel } from 'unrolled/tasks/language-model';
import { MaskedLanguageModel } from 'unrolled/tasks/masked-language-model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GoldenTransformer, loadTransformers } from './load.ts';
import { encode, folderOf, publishedFiles, type publishedNames, type Tensors, tensorsOf, words } from './published.ts';

const golden = loadTransformers();
const [B, T] = golden.ids.shape;
/** Time-major. */
const ids = Int32Array.from({ length: T * B }, (_, i) => golden.ids.data[(i % B) * T + Math.floor(i / B)]);

type Name = (typeof publishedNames)[number];

const published = (name: Name, tensors?: Tensors, changes?: object): ModelFolder =>
  folderOf(publishedFiles(name, tensors, changes));

describe.each(['reference', 'wasm'] as const)('on %s', (backend) => {
  let device: Awaited<ReturnType<typeof openDevice>>;
  beforeAll(async () => {
    device = await openDevice(backend, backend === 'wasm' ? { threads: 1 } : {});
  });
  afterAll(() => device.close());

  const expectLogits = (found: Tensor, { output }: GoldenTransformer, upTo: readonly number[] = []): void => {
    const V = output.shape.at(-1)!;
    const data = found.data();
    output.data.forEach((value, i) => {
      const [row, v] = [Math.floor(i / V), i % V];
      const [b, t] = [Math.floor(row / T), row % T];
      const place = output.shape.length === 2 ? i : (t * B + b) * V + v;
      if (t < (upTo[b] ?? T)) expect(data[place]).toBeCloseTo(value, backend === 'reference' ? 10 : 5);
    });
  };

  test.each(['gpt2', 'llama'] as const)('%s computes what PyTorch computes', (name) => {
    const model = LanguageModel.load(device, readPretrained(published(name)));
    expectLogits(model.apply(device.ids(ids, [T, B])).logits, golden[name]);
  });

  test('bert computes what PyTorch computes, with rows of different lengths', () => {
    const model = MaskedLanguageModel.load(device, readPretrained(published('bert')));
    expectLogits(model.apply({ xs: device.ids(ids, [T, B]), lengths: golden.lengths }), golden.bert, golden.lengths);
  });

  test('vit computes what PyTorch computes', () => {
    const classifier = ImageClassifier.load(device, readPretrained(published('vit')));
    const { shape, data } = golden.images;
    expectLogits(classifier.apply(device.tensor(data, shape)), golden.vit);
    expect(classifier.labels).toEqual(['cat', 'crane (1)', 'crane (2)', 'dog']);
    expect(classifier.preprocessing).toMatchObject({ size: 6, crop: 'none', mean: [0.5, 0.5, 0.5] });
  });
});

describe('the same model', () => {
  const { parameters } = readPretrained(published('gpt2'));
  const tensors = tensorsOf(golden.gpt2);
  const [config] = [encode(JSON.parse(golden.gpt2.config))];

  test('comes out of shards, of a file of PyTorch, and of names without a prefix', () => {
    const entries = Object.entries(tensors);
    const [first, second] = [entries.slice(0, 9), entries.slice(9)];
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const weight_map = Object.fromEntries(
      [first, second].flatMap((part, i) => part.map(([name]) => [name, shards[i]] as const)),
    );
    const [a, b] = [first, second].map((part) =>
      encodeSafetensors({ tensors: Object.fromEntries(part), metadata: {} }),
    );
    const index = encode({ metadata: {}, weight_map });
    const sharded = { 'config.json': config, 'model.safetensors.index.json': index, [shards[0]]: a, [shards[1]]: b };
    expect(readPretrained(folderOf(sharded)).parameters).toEqual(parameters);
    const { [shards[1]]: _, ...incomplete } = sharded;
    expect(() => readPretrained(folderOf(incomplete))).toThrow(`it names the file '${shards[1]}', which is not`);
    const bin = { 'config.json': config, 'pytorch_model.bin': encodePytorch(tensors) };
    expect(readPretrained(folderOf(bin)).parameters).toEqual(parameters);
    const bare = Object.fromEntries(entries.map(([name, one]) => [name.replace('transformer.', ''), one]));
    const plain = published('gpt2', { ...bare, 'h.0.attn.bias': { shape: [1], data: new Float32Array(1) } });
    expect(readPretrained(plain).parameters).toEqual(parameters);
  });

  test("comes out of minGPT's names, whose maps are nn.Linear, in a file of JSON", () => {
    const turned = Object.entries(tensors).map(([name, { shape, data }]) => {
      if (shape.length < 2 || /w[tp]e/.test(name)) return [name, { shape, data }] as const;
      const [rows, columns] = shape;
      const values = Float32Array.from(
        { length: data.length },
        (_, i) => data[(i % rows) * columns + Math.floor(i / rows)],
      );
      return [name, { shape: [columns, rows], data: values }] as const;
    });
    const stored = turned.map(([name, { shape, data }]) => {
      const bytes = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
      return [name, { shape, dtype: 'torch.float32', data: btoa(String.fromCharCode(...bytes)) }] as const;
    });
    const { n_positions: block_size, model_type: _, ...sizes } = JSON.parse(golden.gpt2.config);
    const file = encode({ config: { ...sizes, block_size, model_type: 'gpt-nano' }, ...Object.fromEntries(stored) });
    expect(readPretrained(folderOf({ 'sort.json': file }), 'sort.json').parameters).toEqual(parameters);
  });

  test('has an output layer of its own where the files have one', () => {
    const other = { 'lm_head.weight': { shape: [10, 8], data: new Float32Array(80).fill(1) } };
    const own = readPretrained(published('gpt2', { ...tensors, ...other }));
    expect(own.parameters['output.weight'].data[0]).toBe(1);
    expect(own.model).toMatchObject({ config: { outputBias: false } });
    const same = { 'lm_head.weight': tensors['transformer.wte.weight'] };
    const tied = readPretrained(published('gpt2', { ...tensors, ...same }));
    expect(tied.model).toMatchObject({ config: { tied: true, outputBias: false } });
    expect(tied.parameters).toEqual(parameters);
  });
});

describe('what does not fit is named', () => {
  const { 'transformer.ln_f.bias': _, ...incomplete } = tensorsOf(golden.gpt2);
  const more = { shape: [2], data: new Float32Array(2) };

  test.each([
    ['gpt2', incomplete, {}, "GPT-2: 'ln_f.bias' [8] is missing"],
    ['gpt2', { ...incomplete, extra: more, 'transformer.ln_f.bias': more }, {}, "'ln_f.bias' is [2] and not [8]"],
    ['gpt2', { ...tensorsOf(golden.gpt2), extra: more }, {}, "there is no place for 'extra'"],
    ['gpt2', undefined, { activation_function: 'mish' }, "activation_function is 'mish'; use one of gelu"],
    ['gpt2', undefined, { n_head: 'two' }, "n_head must be a whole number from 1, received 'two'"],
    ['gpt2', undefined, { model_type: 'gpt_neox' }, "model_type is 'gpt_neox'; read are bert, gpt2, llama, vit"],
    ['gpt2', undefined, { scale_attn_by_inverse_layer_idx: true }, 'would compute something else'],
    ['gpt2', undefined, { n_layer: 1e9 }, 'n_layer is 1000000000; the files have'],
    ['gpt2', undefined, { n_inner: 1e9 }, "'h.0.mlp.c_fc.weight' is [8, 32] and not [8, 1000000000]"],
    ['bert', undefined, { max_position_embeddings: 1e9 }, 'is [12, 8] and not [1000000000, 8]'],
    ['llama', undefined, { rope_scaling: { rope_type: 'llama3' } }, 'scaled rotary positions are not computed'],
    ['llama', undefined, { attention_bias: true }, 'attention_bias is true'],
    ['bert', { 'bert.x': more, 'bert.y': more }, {}, 'it has no head for masked words'],
    ['bert', undefined, { vocab_size: 9 }, "'embeddings.word_embeddings.weight' is [10, 8] and not [9, 8]"],
    ['vit', { extra: more, other: more }, {}, 'it has no head for two classes or more'],
  ])('%#', (model, tensors, changes, words) => {
    expect(() => readPretrained(published(model as Name, tensors as Tensors, changes))).toThrow(words);
  });

  test('also where a file is missing', () => {
    expect(() => readPretrained(folderOf({}))).toThrow('the folder has no config.json');
    const { names, read } = published('gpt2');
    const without = (gone: string): ModelFolder => ({ names: names.filter((name) => name !== gone), read });
    expect(() => readPretrained(without('model.safetensors'))).toThrow('the folder has no file of weights');
    const big = { ...tensorsOf(golden.gpt2), 'transformer.wte.weight': { shape: [11, 8], data: new Float32Array(88) } };
    expect(() => readPretrained(published('gpt2', big, { vocab_size: 11 }))).toThrow(
      'tokenizer: the folder has none; expected tokenizer.json',
    );
  });
});

test('a masked language model fills what is hidden, and says where nothing is', async () => {
  const device = await openDevice('reference');
  const source = readPretrained(published('bert'));
  expect(source.notes).toEqual([
    'Left out what predicts the next sentence: bert.pooler.dense.weight, bert.pooler.dense.bias',
  ]);
  const model = MaskedLanguageModel.load(device, source);
  const [first, second] = await model.fill(['a [MASK] c [MASK].', '[MASK]'], { top: 10 });
  expect([first.masks.length, second.masks.length]).toEqual([2, 1]);
  for (const mask of [...first.masks, ...second.masks]) {
    expect(mask.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
    expect(mask.map(({ text }) => text).sort()).toEqual([...words].sort());
  }
  // Beside a longer text it is the same.
  const [alone] = await model.fill(['[MASK]'], { top: 10 });
  alone.masks[0].forEach(({ token, probability }, i) => {
    expect(second.masks[0][i].token).toBe(token);
    expect(second.masks[0][i].probability).toBeCloseTo(probability, 6);
  });
  await expect(model.fill(['a b'])).rejects.toThrow("there is no [MASK] in 'a b'");
  await expect(model.fill([`[MASK] ${'a '.repeat(20)}`])).rejects.toThrow('has 23 tokens, and the model reads 12');
  device.close();
});
