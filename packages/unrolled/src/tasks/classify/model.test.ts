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
import { train } from '../../train/train.ts';
import { evaluateClassifier } from './evaluate.ts';
import { explainTokens, explainWords } from './explain.ts';
import type { LabelledText } from './format.ts';
import { Classifier, type ClassifierConfig, summaries } from './model.ts';
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
  test.each(summaries)('has the gradient of its loss with respect to its input, pooling by %s', (pooling) => {
    const model = newModel(exact, { pooling, layers: 2 });
    const { embedded, lengths } = model.embed(texts);
    const targets = exact.ids([0, 2, 1, 1, 0]);
    expect(gradientError([embedded], ([xs]) => crossEntropyLoss(model.apply(xs, lengths), targets))).toBeLessThan(1e-6);
  });

  test.each(summaries)('says the same to the bit whatever a text is batched with, pooling by %s', (pooling) => {
    const model = newModel(wasm, { pooling, hidden: 19, layers: 2 });
    const alone = texts.map((text) => model.classify([text])[0]);
    expect(model.classify(texts)).toEqual(alone);
    expect(model.classify(texts, { batch: 2 })).toEqual(alone);
    expect(model.classify(texts.toReversed()).toReversed()).toEqual(alone);
  });

  test.each(cellNames)('works with the cell %s', (cell) => {
    const found = newModel(wasm, { cell }).classify(texts);
    for (const { probabilities } of found) {
      expect(probabilities.reduce((total, { probability }) => total + probability, 0)).toBeCloseTo(1, 9);
    }
  });

  test('reads what is beyond the longest not at all', () => {
    const model = newModel(wasm, { maxLength: 3 });
    expect(model.classify(['abcabc'])).toEqual(model.classify(['abc']));
  });

  test('reads what its vocabulary lacks as one unknown', () => {
    const model = newModel(wasm);
    expect(model.classify(['aéb'])).toEqual(model.classify(['aßb']));
    expect(model.classify([''])).toEqual(model.classify(['é']));
  });

  test('reads the first word like any other', () => {
    const words = tokenizerFor('word', ' good good bad bad');
    const model = new Classifier(wasm, words, ['x', 'y'], small, 3);
    expect(model.tokensOf('good bad').map(({ text }) => text)).toEqual([' good', ' bad']);
  });

  test.each([
    [{ hidden: 0 }, 'hidden'],
    [{ dropout: 1 }, 'dropout'],
    [{ pooling: 'sum' as 'max' }, "no pooling 'sum'"],
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

describe('learning to classify', () => {
  const labels = ['double', 'single'];
  const options = { optimizer: { method: 'adam' }, learningRate: 0.02, steps: 150, validateEvery: 50 } as const;
  const learn = async (): Promise<{ model: Classifier; last: Checkpoint }> => {
    const config: ClassifierConfig = { ...small, hidden: 12, pooling: 'max' };
    const model = new Classifier(wasm, tokenizerFor('char', 'abc'), labels, config, 3);
    const parts = { examples: examples.slice(40), heldBack: examples.slice(0, 40) };
    let last: Checkpoint | null = null;
    for await (const event of train(classifierTraining(model, { ...parts, batch: 16, seed: 1 }), options)) {
      if (event.type === 'checkpoint') last = event.checkpoint;
    }
    return { model, last: last! };
  };

  test('finds what a bag of letters could not tell, and a checkpoint says the same as the model', async () => {
    const { model, last } = await learn();
    const found = (await evaluateClassifier(model, examples.slice(0, 40)))!;
    expect(found.accuracy).toBeGreaterThan(0.9);
    expect(found.confusion.flat().reduce((total, count) => total + count)).toBe(40);
    expect(model.temperature).not.toBe(1);

    const file = encodeCheckpoint(last);
    const again = Classifier.load(wasm, file);
    expect(again.classify(['abba', 'acb'])).toEqual(model.classify(['abba', 'acb']));
    const buffer = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
    expect(Classifier.load(wasm, buffer).classify(['abba'])).toEqual(model.classify(['abba']));
    const other = encodeCheckpoint({ ...last, model: { task: 'tag', config: {} } });
    expect(() => Classifier.load(wasm, other)).toThrow(FormatError);

    // What it learnt is seen: of 'acbba' the second b says the most.
    const telling = explainTokens(model, 'acabba', { label: 'double' });
    expect(telling.map(({ token }) => token).join('')).toBe('acabba');
  });
});

describe('telling tokens', () => {
  test('with one step they are the slope of the log odds times the input, summed over the vector of each token', () => {
    const model = newModel(exact);
    const weights = explainTokens(model, 'cab', { label: 'y', steps: 1 }).map(({ weight }) => weight);
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

  test('with many steps they add up to what the text changes in the log odds', () => {
    const model = newModel(exact);
    const total = explainTokens(model, 'cabba', { label: 'y', steps: 400 }).reduce(
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

  test('of a word are those of its tokens, summed', () => {
    const model = newModel(exact);
    const tokens = explainTokens(model, 'ab ca', { label: 'x' }).map(({ weight }) => weight);
    const words = explainWords(model, ' ab  ca ', { label: 'x' });
    expect(words.map(({ token }) => token)).toEqual(['ab', 'ca']);
    const apart = explainWords(model, 'ab ca', { label: 'x' }).map(({ weight }) => weight);
    expect(apart[0]).toBeCloseTo(tokens[0] + tokens[1], 12);
    expect(apart[1]).toBeCloseTo(tokens[3] + tokens[4], 12);
  });
});
