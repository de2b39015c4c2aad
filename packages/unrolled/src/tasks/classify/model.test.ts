import { afterAll, describe, expect, test } from 'vitest';
import { gradientError } from '../../autodiff/check.ts';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError, FormatError } from '../../errors.ts';
import { cellNames } from '../../nn/cells/index.ts';
import { crossEntropyLoss } from '../../nn/losses.ts';
import { createDevice } from '../../ops/create-device.ts';
import type { Device } from '../../tensor/device.ts';
import { tokenizerFor } from '../../tokenizers/create.ts';
import { type Checkpoint, encodeCheckpoint } from '../../train/checkpoint.ts';
import { encodeModel, storeModel } from '../../train/stored-model.ts';
import { train } from '../../train/train.ts';
import { wordVocabulary } from '../../words/index.ts';
import { type ClassifierConfig, type ClassifierDescription, summaries } from './config.ts';
import { evaluateClassifier } from './evaluate.ts';
import { explainTokens, explainWords } from './explain.ts';
import type { LabelledText } from './format.ts';
import { Classifier } from './model.ts';
import { classifierTraining } from './training.ts';

const exact = createDevice(referenceBackend({ float: 'float64' }));
const wasm = await openDevice('wasm', { threads: 1 });
afterAll(() => wasm.close());

const small: ClassifierConfig = {
  ...{ cell: 'lstm', hidden: 5, layers: 1, embedding: 4, dropout: 0 },
  ...{ bidirectional: true, pooling: 'last', maxLength: 50 },
};
const texts = ['abba', 'b', 'cab', 'baccab', ''];
const newModel = (device: Device, config: Partial<ClassifierConfig> = {}): Classifier =>
  new Classifier(device, tokenizerFor('char', 'abc '), ['x', 'y', 'z'], { ...small, ...config }, 3);

/** Whether a double letter is in it: nothing a bag of letters could tell. */
const examples: readonly LabelledText[] = Array.from({ length: 160 }, (_, i) => {
  const letters = Array.from({ length: 3 + (i % 5) }, (_, t) => 'abc'[(i * 7 + t * (1 + (i % 2)) + (i >> 3)) % 3]);
  const double = i % 4 < 2;
  const place = 1 + ((i >> 2) % (letters.length - 1));
  if (double) letters[place] = letters[place - 1];
  const text = letters.join('');
  return { text, label: /(.)\1/.test(text) ? 'double' : 'single' };
});

describe('a classifier', () => {
  test.each(summaries)('has the gradient of its loss with respect to its input, with %s pooling', async (pooling) => {
    const model = newModel(exact, { pooling, layers: 2 });
    const { embedded, lengths } = model.embed(texts);
    const targets = exact.ids([0, 2, 1, 1, 0]);
    expect(await gradientError([embedded], ([xs]) => crossEntropyLoss(model.apply(xs, lengths), targets))).toBeLessThan(
      1e-6,
    );
  });

  test.each(summaries)('gives the same bits however texts are batched, with %s pooling', async (pooling) => {
    const model = newModel(wasm, { pooling, hidden: 19, layers: 2 });
    const alone = await Promise.all(texts.map(async (text) => (await model.classify([text]))[0]));
    expect(await model.classify(texts)).toEqual(alone);
    expect(await model.classify(texts, { batch: 2 })).toEqual(alone);
    expect((await model.classify(texts.toReversed())).toReversed()).toEqual(alone);
  });

  test('of the blocks of a Transformer has its gradient, and the same bits however texts are batched', async () => {
    const blocks = { hidden: 8, pooling: 'mean', transformer: { layers: 2, heads: 2, dropout: 0 } } as const;
    const model = newModel(exact, blocks);
    expect(model.parameters.names).toContain('input.weight');
    const { embedded, lengths } = model.embed(texts);
    const targets = exact.ids([0, 2, 1, 1, 0]);
    expect(await gradientError([embedded], ([xs]) => crossEntropyLoss(model.apply(xs, lengths), targets))).toBeLessThan(
      1e-6,
    );
    const fast = newModel(wasm, { ...blocks, pooling: 'attention' });
    const alone = await Promise.all(texts.map(async (text) => (await fast.classify([text]))[0]));
    expect(await fast.classify(texts)).toEqual(alone);
    expect(() => newModel(wasm, { ...blocks, pooling: 'last' })).toThrow('a Transformer takes attention, mean or max');
  });

  test.each(cellNames)('works with the cell %s', async (cell) => {
    const found = await newModel(wasm, { cell }).classify(texts);
    for (const { probabilities } of found) {
      expect(probabilities.reduce((total, { probability }) => total + probability, 0)).toBeCloseTo(1, 9);
    }
  });

  test('ignores what is beyond its maximum length', async () => {
    const model = newModel(wasm, { maxLength: 3 });
    expect(await model.classify(['abcabc'])).toEqual(await model.classify(['abc']));
  });

  test('reads all unknown characters as one', async () => {
    const model = newModel(wasm);
    expect(await model.classify(['aéb'])).toEqual(await model.classify(['aßb']));
    expect(await model.classify([''])).toEqual(await model.classify(['é']));
  });

  test('reads the first word like any other', () => {
    const words = tokenizerFor('word', ' good good bad bad');
    const model = new Classifier(wasm, words, ['x', 'y'], small, 3);
    expect(model.tokensOf('good bad').map(({ text }) => text)).toEqual([' good', ' bad']);
  });

  test.each([
    [{ hidden: 0 }, 'hidden'],
    [{ dropout: 1 }, 'dropout'],
    [{ pooling: 'sum' as 'max' }, "pooling must be 'last', 'mean', 'max' or 'attention', received 'sum'"],
    [{ poolings: 'max' } as never, "unknown option 'poolings'; did you mean 'pooling'?"],
  ])('with %j is an error', (config, words) => {
    expect(() => newModel(exact, config)).toThrow(ConfigError);
    expect(() => newModel(exact, config)).toThrow(words);
  });

  test('with one label is an error, and so is a label it does not have', () => {
    const tokenizer = tokenizerFor('char', 'ab');
    expect(() => new Classifier(exact, tokenizer, ['x'], small)).toThrow('at least two labels');
    expect(() => newModel(exact).loss([{ text: 'a', label: 'w' }])).toThrow(DataError);
  });
});

describe('a classifier of words', () => {
  const sentences = ['A fine film', 'a dull film', 'fine , fine !'].map((text) => text.split(' '));
  const vectors = { words: ['fine', 'movie'], size: 4, values: Float32Array.from({ length: 8 }, (_, i) => i + 1) };
  const make = (device: Device, freeze = false): Classifier => {
    const vocabulary = wordVocabulary(sentences, { vectors, freeze });
    const model = new Classifier(device, vocabulary, ['x', 'y'], { ...small, pooling: 'attention' }, 3);
    model.takeVectors(vectors);
    return model;
  };

  test('reads words and punctuation marks in any case, and reports unknown ones', async () => {
    const model = make(wasm);
    expect(model.tokensOf('Fine, wobbly MOVIE!')).toEqual([
      { text: 'Fine', known: true },
      { text: ',', known: true },
      { text: ' wobbly', known: false },
      { text: ' MOVIE', known: true },
      { text: '!', known: true },
    ]);
    expect(await model.classify(['FINE film'])).toEqual(await model.classify(['fine Film']));
    expect(await model.classify(['wobbly'])).toEqual(await model.classify(['unheard']));
  });

  test('starts from the given vectors, and reads words that only the vectors have', () => {
    const model = make(exact);
    const { embedded } = model.embed(['fine', 'movie']);
    expect([...embedded.data()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test.each([
    [false, true],
    [true, false],
  ])('frozen %s: training changes a given vector: %s', async (freeze, changes) => {
    const model = make(wasm, freeze);
    const two = [
      { text: 'fine', label: 'x' },
      { text: 'dull', label: 'y' },
    ];
    const before = [...model.embed(['fine dull']).embedded.data()];
    const options = { optimizer: { method: 'adam' }, learningRate: 0.1, steps: 5 } as const;
    for await (const _ of train(classifierTraining(model, two, { batch: 2, seed: 1 }), options));
    const after = [...model.embed(['fine dull']).embedded.data()];
    expect(after.slice(0, 4).some((value, i) => value !== before[i])).toBe(changes);
    expect(after.slice(4)).not.toEqual(before.slice(4));
  });

  test('is the same after it was saved, with its vectors and columns', async () => {
    const model = make(wasm, true);
    model.columns = { label: 'v1', text: ['v2'] };
    const again = Classifier.load(wasm, encodeModel(await storeModel(model)));
    const asked = ['a fine movie', 'dull!', ''];
    expect(await again.classify(asked)).toEqual(await model.classify(asked));
    expect(again.columns).toEqual(model.columns);
  });

  test('explains each word as it is written, unknown ones apart', async () => {
    const words = await explainWords(make(exact), "It's FINE, wobbly wobbly!", { label: 'x' });
    expect(words.map(({ token, known }) => (known ? token : `${token}?`))).toEqual([
      'It?',
      "'s?",
      'FINE',
      ',',
      'wobbly?',
      'wobbly?',
      '!',
    ]);
  });

  test('has no place for vectors where it reads characters', () => {
    expect(() => newModel(exact).takeVectors(vectors)).toThrow('need a model of words');
  });
});

describe('a saved classifier of an earlier version', () => {
  test('opens: its maxLength was called longest', async () => {
    const model = newModel(wasm, { maxLength: 3 });
    const { parameters, model: description, step } = await storeModel(model);
    const { maxLength, ...config } = (description as unknown as ClassifierDescription).config;
    const old = { ...(description as object), config: { ...config, longest: maxLength } };
    const again = Classifier.load(wasm, encodeModel({ parameters, model: old, step }));
    expect(await again.classify(['abcabc'])).toEqual(await model.classify(['abc']));
    expect(again.config).toEqual(model.config);
  });

  test('with a tokenizer of words shows unknown words as they are written, and does not glue them', async () => {
    const words = tokenizerFor('word', ' you win you win');
    const model = new Classifier(wasm, words, ['x', 'y'], small, 3);
    const found = (await explainWords(model, 'you wobbly gonna win')).map(({ token, known }) => [token, known]);
    expect(found).toEqual([
      ['you', true],
      ['wobbly', false],
      ['gonna', false],
      ['win', true],
    ]);
  });
});

describe('learning to classify', () => {
  const labels = ['double', 'single'];
  const options = { optimizer: { method: 'adam' }, learningRate: 0.02, steps: 150, validateEvery: 50 } as const;
  const learn = async (): Promise<{ model: Classifier; last: Checkpoint }> => {
    const config: ClassifierConfig = { ...small, hidden: 12, pooling: 'max' };
    const model = new Classifier(wasm, tokenizerFor('char', 'abc'), labels, config, 3);
    const order = { validation: examples.slice(0, 40), batch: 16, seed: 1 };
    let last: Checkpoint | null = null;
    for await (const event of train(classifierTraining(model, examples.slice(40), order), options)) {
      if (event.type === 'checkpoint') last = event.checkpoint;
    }
    return { model, last: last! };
  };

  test('solves a task that needs the order of letters, and its checkpoint predicts the same', async () => {
    const { model, last } = await learn();
    const found = await evaluateClassifier(model, examples.slice(0, 40));
    expect(found.accuracy).toBeGreaterThan(0.9);
    expect(found.confusion.flat().reduce((total, count) => total + count)).toBe(40);
    expect(model.temperature).not.toBe(1);

    const file = encodeCheckpoint(last);
    const again = Classifier.load(wasm, file);
    expect(await again.classify(['abba', 'acb'])).toEqual(await model.classify(['abba', 'acb']));
    const buffer = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
    expect(await Classifier.load(wasm, buffer).classify(['abba'])).toEqual(await model.classify(['abba']));
    const other = encodeCheckpoint({ ...last, model: { task: 'tag', config: {} } });
    expect(() => Classifier.load(wasm, other)).toThrow(FormatError);

    const explanation = await explainTokens(model, 'acabba', { label: 'double' });
    expect(explanation.map(({ token }) => token).join('')).toBe('acabba');
  });
});

describe('an explanation', () => {
  test('with one step is gradient × input of the log odds, summed over the vector of each token', async () => {
    const model = newModel(exact);
    const weights = (await explainTokens(model, 'cab', { label: 'y', steps: 1 })).map(({ weight }) => weight);
    // Of x (1 + e_t): the slope in e_t at 0 is the weight of token t.
    const h = 1e-6;
    const logOdds = (place: number, factor: number): number => {
      const { embedded, lengths } = model.embed(['cab']);
      const values = Float64Array.from(embedded.data(), (value, i) =>
        Math.floor(i / 4) === place ? value * factor : value,
      );
      const logits = model.apply(exact.tensor(values, embedded.shape), lengths).data();
      return logits[1] - Math.log(Math.exp(logits[0]) + Math.exp(logits[2]));
    };
    weights.forEach((weight, t) => {
      expect(weight).toBeCloseTo((logOdds(t, 1 + h) - logOdds(t, 1 - h)) / (2 * h), 6);
    });
  });

  test('with many steps adds up to the change of the log odds', async () => {
    const model = newModel(exact);
    const total = (await explainTokens(model, 'cabba', { label: 'y', steps: 400 })).reduce(
      (sum, { weight }) => sum + weight,
      0,
    );
    const { embedded, lengths } = model.embed(['cabba']);
    const logOdds = (share: number): number => {
      const logits = model.apply(embedded.mul(share), lengths).data();
      return logits[1] - Math.log(Math.exp(logits[0]) + Math.exp(logits[2]));
    };
    expect(total).toBeCloseTo(logOdds(1) - logOdds(0), 5);
  });

  test('by words sums the tokens of each word', async () => {
    const model = newModel(exact);
    const tokens = (await explainTokens(model, 'ab ca', { label: 'x' })).map(({ weight }) => weight);
    const words = await explainWords(model, ' ab  ca ', { label: 'x' });
    expect(words.map(({ token }) => token)).toEqual(['ab', 'ca']);
    const apart = (await explainWords(model, 'ab ca', { label: 'x' })).map(({ weight }) => weight);
    expect(apart[0]).toBeCloseTo(tokens[0] + tokens[1], 12);
    expect(apart[1]).toBeCloseTo(tokens[3] + tokens[4], 12);
  });
});
