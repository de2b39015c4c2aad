import { describe, expect, test } from 'vitest';
import { gradientError } from '../../autodiff/check.ts';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { openDevice } from '../../device.ts';
import { ConfigError, FormatError } from '../../errors.ts';
import { checkSequenceLoss, inference } from '../../nn/index.ts';
import type { Parameters } from '../../nn/parameters.ts';
import { createDevice } from '../../ops/create-device.ts';
import { reshape, slice } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import { sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { encodeCheckpoint } from '../../train/checkpoint.ts';
import { train } from '../../train/train.ts';
import type { TranslatorConfig } from './config.ts';
import { translationLoss } from './loss.ts';
import { Translator } from './model.ts';
import type { TranslationPair } from './pairs.ts';
import { sidesFor } from './sides.ts';
import { translatorTraining } from './training.ts';

const exact = createDevice(referenceBackend({ float: 'float64' }));

const pairs: readonly TranslationPair[] = [
  { source: 'abcab', target: 'xy' },
  { source: 'c', target: 'yxxy' },
  { source: 'ba', target: '' },
];
const sizes = { cell: 'lstm', hidden: 3, layers: 1, embedding: 2, dropout: 0 } as const;
const kinds: readonly Partial<TranslatorConfig>[] = [
  { attention: 'none', bidirectional: false },
  { attention: 'none', cell: 'gru', layers: 2 },
  { attention: 'additive' },
  { attention: 'additive', feeding: 'context' },
  { attention: 'additive', feeding: 'context', coverage: true, cell: 'mut1' },
  { attention: 'general', feeding: 'output', layers: 2 },
  { attention: 'general', coverage: true },
  { attention: 'scaled-general', feeding: 'output' },
  { attention: 'dot', bidirectional: false, cell: 'rnn' },
  { attention: 'scaled-dot', bidirectional: false, feeding: 'output', coverage: true, cell: 'gru' },
  { hidden: 4, embedding: 4, transformer: { layers: 2, heads: 2 } },
  { hidden: 4, embedding: 4, transformer: { layers: 1, heads: 1, positions: 'sinusoidal', postNorm: true } },
];

/** A model whose parameters are large enough that everything in it counts. */
function create(kind: Partial<TranslatorConfig>, device = exact, of = pairs, spread = 0.7): Translator {
  const model = new Translator(device, sidesFor(of), { ...sizes, ...kind }, 3);
  const random = new Random(4);
  const { values } = model.parameters;
  device.backend.write(
    values,
    Float64Array.from({ length: values.size }, () => spread * random.normal()),
  );
  return model;
}

/** Puts parts of one flat tensor in the place of all parameters. */
function install(parameters: Parameters, flat: Tensor): void {
  let position = 0;
  for (const parameter of parameters) {
    const size = sizeOf(parameter.shape);
    parameter.value = reshape(slice(flat, 0, position, position + size), parameter.shape);
    position += size;
  }
}

describe.each(kinds)('a translator with %j', (kind) => {
  const options = { smoothing: 0.1, coverageLoss: kind.coverage ? 0.5 : 0 };

  test('has the gradient of central differences', async () => {
    const model = create(kind);
    const encoded = pairs.map((pair) => model.encode(pair));
    const error = await gradientError([model.parameters.values], ([flat]) => {
      install(model.parameters, flat);
      return translationLoss(model, encoded, inference, options).loss;
    });
    expect(error).toBeLessThan(1e-6);
  });

  test('the loss of a pair does not depend on its batch or the padding', () => {
    const model = create(kind);
    const encoded = pairs.map((pair) => model.encode(pair));
    const lossOf = (some: typeof encoded): number => {
      const { loss, tokens } = translationLoss(model, some, inference, options);
      return loss.item() * tokens;
    };
    const alone = encoded.reduce((total, pair) => total + lossOf([pair]), 0);
    expect(lossOf(encoded)).toBeCloseTo(alone, 12);
  });

  test('has the same vectors step by step as in one pass', () => {
    const translator = create(kind);
    const { network, sides } = translator;
    const { memory, state } = translator.read(pairs.map(({ source }) => sides.source.encode(source).ids));
    const ids = [sides.target.start, 0, 1, 1, 0, 0, 1, 0, 0];
    const whole = network.decoder.run(network.embed(exact.ids(ids, [3, 3])), memory, state, inference);
    const step = (t: number): Tensor => network.embed(exact.ids(ids.slice(3 * t, 3 * t + 3)));
    const single = network.decoder.walk(3, step, memory, state, inference);
    single.vectors.data().forEach((x, i) => {
      expect(x).toBeCloseTo(whole.vectors.data()[i], 12);
    });
  });

  test('the log probability of a translation is that of its loss', async () => {
    const model = create(kind);
    const sources = ['abc', 'cc', 'bcaab'];
    for (const beam of [1, 3]) {
      (await model.translate(sources, { beam, maxLength: 9 })).forEach(({ text, ended, logProbability }, i) => {
        if (!ended) return;
        const { loss, tokens } = translationLoss(
          model,
          [model.encode({ source: sources[i], target: text })],
          inference,
        );
        expect(logProbability).toBeCloseTo(-loss.item() * tokens, 10);
      });
    }
  });
});

const texts = ['abcabcabba', '', 'c', 'ba', 'aaaaaaabbbbbbccccc', 'abc', 'cab', 'bbbbbb', 'acacacacacac'];

describe.each(['wasm', 'reference'] as const)('on %s', (name) => {
  test.each(kinds)('what it makes of a text does not depend on the others, to the bit: %j', async (kind) => {
    const device = await openDevice(name, { threads: 2 });
    const model = create(
      { ...kind, hidden: kind.transformer ? 20 : 17, ...(kind.transformer && { embedding: 20 }) },
      device,
    );
    for (const options of [
      {},
      { beam: 4, nBest: 3, lengthPenalty: 0.6, coveragePenalty: kind.attention === 'none' ? 0 : 0.2, blockNgrams: 3 },
    ]) {
      const together = await model.translate(texts, { ...options, maxLength: 12 });
      const inBatches = await model.translate(texts, { ...options, maxLength: 12, batch: 4 });
      const each = texts.map((text) => model.translate([text], { ...options, maxLength: 12 }));
      const alone = (await Promise.all(each)).flat();
      expect(together).toEqual(alone);
      expect(inBatches).toEqual(alone);
    }
    device.close();
  });
});

test('a model that never ends stops at a length that depends on its source alone', async () => {
  const model = create({ attention: 'additive' }, exact, pairs, 0);
  // All tokens and the end are equally probable, so the first token is repeated for ever.
  const written = async (source: string): Promise<number> => (await model.translate([source]))[0].text.length;
  const { sides } = model;
  expect(sides.lengthRatio).toBeCloseTo((3 + 5 + 1) / (6 + 2 + 3), 12);
  expect(await written('c')).toBe(Math.ceil(2 * sides.lengthRatio * 2) + 10);
  expect(await written('abcab'.repeat(9))).toBe(2 * sides.longest + 10);
});

test('alignments have a row for each token with its end, and a column for each of the source with its own', async () => {
  const translator = create({ attention: 'additive' });
  const [{ alignment, text, candidates }] = await translator.translate(['abc'], { beam: 2, nBest: 2 });
  expect(alignment!.source).toEqual(['a', 'b', 'c', '⏎']);
  expect(alignment!.target.slice(0, text.length)).toEqual([...text]);
  for (const row of alignment!.weights) expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  expect(candidates).toHaveLength(2);
  expect(candidates[0].score).toBeGreaterThanOrEqual(candidates[1].score);
  expect((await create({ attention: 'none' }).translate(['abc']))[0].alignment).toBeNull();
});

test('unknown characters are ignored and returned', async () => {
  const model = create({});
  const [known, unknown] = await model.translate(['abc', 'añb?c?']);
  expect(unknown.leftOut).toEqual(['ñ', '?']);
  expect(unknown.text).toBe(known.text);
});

test('label smoothing is the cross-entropy against a partly uniform target', () => {
  const model = create({ attention: 'general' });
  const encoded = [model.encode(pairs[1])];
  const lossWith = (smoothing: number): number => translationLoss(model, encoded, inference, { smoothing }).loss.item();
  const { memory, state } = model.read([encoded[0].source]);
  const { start } = model.sides.target;
  const { target } = encoded[0];
  const { decoder } = model.network;
  const inputs = model.network.embed(exact.ids([start, ...target.slice(0, -1)], [5, 1]));
  const logits = decoder.logits(decoder.run(inputs, memory, state, inference).vectors);
  const even = -logits.logSoftmax().mean().item();
  expect(lossWith(0.3)).toBeCloseTo(0.7 * lossWith(0) + 0.3 * even, 12);
});

test('scheduled sampling applies in training only', () => {
  const model = create({ attention: 'additive' });
  const encoded = pairs.map((pair) => model.encode(pair));
  const lossIn = (sampling: number, seed: number | null): number =>
    translationLoss(model, encoded, seed === null ? inference : { training: true, random: new Random(seed) }, {
      sampling,
    }).loss.item();
  const forced = lossIn(0, null);
  expect(lossIn(1, null)).toBe(forced);
  expect(lossIn(0, 1)).toBeCloseTo(forced, 12);
  expect(new Set([1, 2, 3, 4].map((seed) => lossIn(1, seed))).size).toBeGreaterThan(1);
});

test('a translator is restored from its file, and other files are refused', async () => {
  const model = create({ attention: 'additive', cell: 'gru' });
  const task = translatorTraining(model, pairs, { validation: [], batch: 2, seed: 1 });
  for await (const event of train(task, { optimizer: { method: 'sgd' }, learningRate: 0.1, steps: 2 })) {
    if (event.type !== 'checkpoint') continue;
    const file = encodeCheckpoint(event.checkpoint);
    expect(await Translator.load(exact, file).translate(texts)).toEqual(await model.translate(texts));
    const other = encodeCheckpoint({ ...event.checkpoint, model: { task: 'classify' } });
    expect(() => Translator.load(exact, other)).toThrow(FormatError);
  }
});

test.each([
  [{ hidden: 0 }, 'hidden must be a whole number from 1, received 0'],
  [{ dropout: 1 }, 'dropout must be a number in [0, 1), received 1'],
  [
    { attention: 'bilinear' as never },
    "attention must be 'none', 'additive', 'dot', 'general', 'scaled-dot' or 'scaled-general', received 'bilinear'",
  ],
  [{ feeding: 'all' as never }, "feeding must be 'none', 'output' or 'context', received 'all'"],
  [{ attention: 'none', coverage: true } as const, 'feeding and coverage need attention'],
  [{ attention: 'dot' } as const, "'dot' needs queries as wide as the memory, received 3 and 6"],
])('%j is refused', (wrong, message) => {
  expect(() => create(wrong)).toThrow(ConfigError);
  expect(() => create(wrong)).toThrow(message);
});

test.each([
  [{ smoothing: 1 }, 'smoothing must be a number in [0, 1)'],
  [{ sampling: -1 }, 'sampling must be a finite number from 0 to 1'],
  [{ coverageLoss: 1 }, 'needs a model with coverage'],
])('a loss with %j is refused', (wrong, message) => {
  expect(() => checkSequenceLoss(create({}).network, wrong)).toThrow(message);
});
