import { beforeAll, describe, expect, test } from 'vitest';
import { type Subject, subjects } from '../../../../../test/devices.ts';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { ConfigError, DataError, FormatError } from '../../errors.ts';
import { defineCell } from '../../nn/cells/index.ts';
import { inference } from '../../nn/layer.ts';
import { createDevice } from '../../ops/create-device.ts';
import { Random } from '../../random.ts';
import type { Device } from '../../tensor/device.ts';
import { type Checkpoint, encodeCheckpoint } from '../../train/checkpoint.ts';
import type { TrainEvent } from '../../train/events.ts';
import type { TrainOptions } from '../../train/options.ts';
import { train } from '../../train/train.ts';
import type { WordVectors } from '../../words/index.ts';
import type { TaggerConfig } from './config.ts';
import type { TaggedSentence } from './conll.ts';
import { evaluateTagger } from './evaluate.ts';
import { Tagger } from './model.ts';
import { showTags } from './show.ts';
import { taggerTraining } from './training.ts';
import { tagVocabulary } from './vocabulary.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));
const config: TaggerConfig = {
  cell: 'lstm',
  hidden: 12,
  layers: 1,
  embedding: 8,
  characters: 6,
  dropout: 0.1,
  crf: true,
};

/** People and places by what stands around them: `Mr X Y lives in Z`. */
function sentences(count: number, seed: number): TaggedSentence[] {
  const random = new Random(seed);
  const name = (): string =>
    Array.from({ length: 3 + random.below(4) }, () => 'abdeiklmnorst'[random.below(13)])
      .join('')
      .replace(/^./, (first) => first.toUpperCase());
  return Array.from({ length: count }, () => {
    const person = Array.from({ length: 1 + random.below(2) }, name);
    const before = random.below(2) === 0 ? ['then'] : [];
    const words = [...before, 'Mr', ...person, 'lives', 'in', name(), '.'];
    const marks = person.map((_, i) => (i === 0 ? 'B-PER' : 'I-PER'));
    return { words, tags: [...before.map(() => 'O'), 'O', ...marks, 'O', 'O', 'B-LOC', 'O'] };
  });
}
const examples = sentences(60, 1);
const validation = sentences(20, 2);
const partsOfSpeech: TaggedSentence[] = examples.map(({ words, tags }) => ({
  words,
  tags: words.map((word, i) => (tags[i] !== 'O' ? 'PROPN' : word === '.' ? 'PUNCT' : word === 'lives' ? 'VERB' : 'X')),
}));

const options: TrainOptions = {
  optimizer: { method: 'adam' },
  learningRate: 0.02,
  schedule: 'linear',
  clipNorm: 1,
  steps: 60,
  validateEvery: 20,
  sampleEvery: 0,
};

const newModel = (more: Partial<TaggerConfig> = {}, data = examples, where = device): Tagger =>
  new Tagger(where, tagVocabulary(data), { ...config, ...more }, 3);

async function collect(model: Tagger, more: Partial<TrainOptions> = {}, data = examples): Promise<TrainEvent[]> {
  const held = data === examples ? validation : data.slice(0, 10);
  const task = taggerTraining(model, data, { validation: held, batch: 8, seed: 5 });
  const events: TrainEvent[] = [];
  for await (const event of train(task, { ...options, ...more })) events.push(event);
  return events;
}

const lastCheckpoint = (events: readonly TrainEvent[]): Checkpoint =>
  events.findLast((event) => event.type === 'checkpoint')!.checkpoint;

describe.each([true, false])('a tagger, with a CRF: %s', (crf) => {
  test('learns spans of words it has never seen', async () => {
    const model = newModel({ crf });
    const events = await collect(model, { steps: 120 });
    const found = await evaluateTagger(model, sentences(30, 7));
    expect(found.spans!.f1).toBeGreaterThan(0.9);
    expect(found).toMatchObject({ sentences: 30 });
    expect(found.unknown).toBeGreaterThan(50);
    const validations = events.filter((event) => event.type === 'validation');
    expect(Object.keys(validations[0].metrics!)).toEqual(['f1', 'precision', 'recall', 'accuracy']);
    const [text] = await model.tag(['then Mr Tom lives in Oslo.']);
    expect(text.spans).toEqual([
      { type: 'PER', text: 'Tom', start: 8, end: 11 },
      { type: 'LOC', text: 'Oslo', start: 21, end: 25 },
    ]);
    expect(text.words.map(({ tag }) => tag)).toEqual(['O', 'O', 'B-PER', 'O', 'O', 'B-LOC', 'O']);
  });

  test('of the blocks of a Transformer learns them, too', async () => {
    const model = newModel({ crf, transformer: { layers: 1, heads: 2, dropout: 0.1 } });
    await collect(model, { steps: 120, learningRate: 0.01 });
    expect((await evaluateTagger(model, sentences(30, 7))).spans!.f1).toBeGreaterThan(crf ? 0.8 : 0.6);
  });

  test('gives allowed tag sequences probabilities with the sum 1, and decodes the most likely one', async () => {
    const model = newModel({ crf });
    const words = ['Mr', 'Tom', '.'];
    const { tags } = model.vocabulary;
    const emissions = model.emissions([words]);
    let total = 0;
    let best = { probability: 0, tags: [] as string[] };
    for (let n = 0; n < tags.length ** 3; n++) {
      const chosen = [n % tags.length, Math.floor(n / tags.length) % tags.length, Math.floor(n / tags.length ** 2)];
      const begins = chosen.every(
        (id, t) => !tags[id].startsWith('I-') || tags[chosen[t - 1]]?.slice(2) === tags[id].slice(2),
      );
      if (crf && !begins) continue;
      const probability = Math.exp(-model.losses(emissions, [chosen]).item());
      total += probability;
      if (begins && probability > best.probability) best = { probability, tags: chosen.map((id) => tags[id]) };
    }
    expect(total).toBeCloseTo(1, 10);
    if (crf) expect(model.decode(await device.read(() => model.scores(emissions)), [3])[0]).toEqual(best.tags);
  });

  test('has the gradient of its loss', () => {
    const model = newModel({ crf, dropout: 0 });
    const { parameters } = model;
    const loss = (): number => device.scope(() => device.withoutGradients(() => model.loss(batch, inference).item()));
    const batch = [examples[0], examples[3], examples[1]];
    device.scope(() => parameters.backward(model.loss(batch, inference)));
    const values = parameters.values.data();
    const exact = parameters.gradients.data();
    for (let i = 0; i < values.length; i += 41) {
      const at = (value: number): number => {
        const moved = values.slice();
        moved[i] = value;
        device.backend.write(parameters.values, moved);
        return loss();
      };
      const numeric = (at(values[i] + 1e-5) - at(values[i] - 1e-5)) / 2e-5;
      expect(Math.abs(numeric - exact[i])).toBeLessThan(1e-7);
    }
    device.backend.write(parameters.values, values);
  });
});

describe.each(subjects)('on $name', ({ open }: Subject) => {
  let subject: Device;
  beforeAll(async () => {
    subject = await open();
    return () => subject.close();
  });

  test.each([{ crf: true }, { crf: false, cell: 'gru', layers: 2 }, { transformer: { layers: 2, heads: 2 } }])(
    'what a sentence gets is the same to the bit alone and with others: %o',
    async (more) => {
      const model = newModel(more, examples, subject);
      const texts = [
        ...validation.slice(0, 7).map(({ words }) => words),
        ['Mr'],
        ['Mr', 'Xxxxxxxxxxxxxxxxxxxxxxxxx', '!'],
      ];
      const rows = (given: readonly (readonly string[])[]): number[][] => {
        const [, B, K] = model.emissions(given).shape;
        const data = model.emissions(given).data();
        return given.map(({ length }, b) =>
          Array.from({ length: length * K }, (_, i) => data[(Math.floor(i / K) * B + b) * K + (i % K)]),
        );
      };
      const together = rows(texts);
      const losses = (given: readonly TaggedSentence[]): number[] => [
        ...model
          .losses(
            model.emissions(given.map(({ words }) => words)),
            given.map(({ tags }) => model.encoder.tagIds(tags)),
          )
          .data(),
      ];
      texts.forEach((words, i) => {
        expect(rows([words])[0]).toEqual(together[i]);
        expect(rows([...texts.slice(i), ...texts.slice(0, i)])[0]).toEqual(together[i]);
      });
      const all = losses(validation);
      validation.forEach((sentence, i) => {
        expect(losses([sentence])[0]).toBe(all[i]);
      });
      const tagged = await model.tagWords([...texts, []]);
      expect(tagged.map(({ length }) => length)).toEqual([...texts.map(({ length }) => length), 0]);
      for (const [i, words] of texts.entries()) expect((await model.tagWords([words]))[0]).toEqual(tagged[i]);
    },
  );
});

describe('words', () => {
  test('that are unknown get the vector of their lower-case form, or the shared one, and their spelling', () => {
    const model = newModel();
    const row = (word: string): number[] => [...model.emissions([[word]]).data()];
    expect(model.encoder.knows('LIVES')).toBe(true);
    expect(model.encoder.knows('zzz')).toBe(false);
    const alone = newModel({ characters: 0 });
    expect([...alone.emissions([['zzz']]).data()]).toEqual([...alone.emissions([['yyy']]).data()]);
    expect(row('zzz')).not.toEqual(row('aaa'));
  });

  test('of the training text are replaced by the unknown word at random, rare ones more often', () => {
    const model = newModel();
    const [rare, frequent] = [model.vocabulary.words.at(-1)!, 'Mr'];
    const random = new Random(1);
    const zeros = (word: string): number => {
      const { words } = model.encoder.encode([Array(1000).fill(word)], { training: true, random });
      return words.filter((id) => id === 0).length;
    };
    expect(zeros(rare)).toBeGreaterThan(150);
    expect(zeros(rare)).toBeLessThan(250);
    expect(zeros(frequent)).toBeLessThan(20);
  });
});

describe('given word vectors', () => {
  const vectors: WordVectors = {
    words: ['mr', 'oslo', 'lives', 'Bergen'],
    size: 8,
    values: Float32Array.from({ length: 32 }, (_, i) => Math.fround(Math.sin(i + 1))),
  };
  const withVectors = (): Tagger => {
    const model = new Tagger(device, tagVocabulary(examples, { vectors }), { ...config, characters: 0 }, 3);
    expect(model.takeVectors(vectors)).toBe(2);
    return model;
  };
  const vectorOf = (model: Tagger, word: string): number[] => {
    const id = model.encoder.encode([[word]], inference).words[0];
    const count = model.vocabulary.words.length + 1;
    const table = model.parameters.get(id < count ? 'words.weight' : 'further.weight').data();
    return [...table.slice(8 * (id % count), 8 * (id % count) + 8)];
  };

  test('belong to their words, also to those outside the training text', () => {
    const model = withVectors();
    for (const [i, words] of [['Mr', 'mr'], ['oslo', 'OSLO'], ['lives'], ['Bergen']].entries()) {
      for (const word of words) expect(vectorOf(model, word)).toEqual([...vectors.values.slice(8 * i, 8 * i + 8)]);
    }
    expect(model.vocabulary.further).toEqual(['mr', 'oslo', 'Bergen']);
    expect([...model.emissions([['Oslo']]).data()]).not.toEqual([...model.emissions([['Bergen']]).data()]);
    const both = [...model.emissions([['Oslo'], ['lives']]).data()];
    const alone = [...model.emissions([['Oslo']]).data(), ...model.emissions([['lives']]).data()];
    expect(both).toEqual(alone);
  });

  test('are trained for words of the training text, and frozen for others, also in the checkpoint', async () => {
    const model = withVectors();
    const checkpoint = lastCheckpoint(await collect(model, { steps: 10 }));
    expect(vectorOf(model, 'lives')).not.toEqual([...vectors.values.slice(16, 24)]);
    expect(vectorOf(model, 'oslo')).toEqual([...vectors.values.slice(8, 16)]);
    const loaded = Tagger.load(device, encodeCheckpoint(checkpoint));
    expect(vectorOf(loaded, 'oslo')).toEqual([...vectors.values.slice(8, 16)]);
  });

  test('of another dimension than the model has are refused', () => {
    expect(() => newModel({ embedding: 9 }).takeVectors(vectors)).toThrow(
      "have 8 numbers, the model's embedding has 9",
    );
  });
});

describe('a run', () => {
  test('has its best checkpoint by accuracy where tags mark no spans', async () => {
    const model = newModel({}, partsOfSpeech);
    expect(model.vocabulary).toMatchObject({ scheme: null, tags: ['PROPN', 'PUNCT', 'VERB', 'X'] });
    const events = await collect(model, {}, partsOfSpeech);
    const validations = events.filter((event) => event.type === 'validation');
    expect(Object.keys(validations[0].metrics!)).toEqual(['accuracy']);
    expect(validations.at(-1)!.metrics!.accuracy).toBeGreaterThan(0.95);
    const best = validations.findLast((event) => event.best)!;
    expect(best.metrics!.accuracy).toBe(Math.max(...validations.map((event) => event.metrics!.accuracy)));
    expect((await evaluateTagger(model, partsOfSpeech)).spans).toBeNull();
    expect((await model.tag(['Mr Tom']))[0].spans).toEqual([]);
  });

  test('that is resumed ends with the same bits as an uninterrupted one', async () => {
    const whole = lastCheckpoint(await collect(newModel(), { steps: 20 }));
    const half = lastCheckpoint(await collect(newModel(), { steps: 20, signal: abortAfter(9) }));
    expect(half.trainer.step).toBeLessThan(20);
    const resumed = lastCheckpoint(await collect(newModel(), { steps: 20, resume: half }));
    expect(resumed.parameters).toEqual(whole.parameters);
  });

  test('can be loaded from its checkpoint file, with a cell of your own, too', async () => {
    const own = defineCell({
      name: 'leaky',
      initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
      step(x, { h }, { linear }) {
        const next = h.mul(0.9).add(linear('in', [x, h]).tanh());
        return { output: next, state: { h: next } };
      },
    });
    const { words } = validation[0];
    for (const cell of ['mut1', own]) {
      const model = newModel({ cell });
      const file = encodeCheckpoint(lastCheckpoint(await collect(model, { steps: 3 })));
      const loaded = Tagger.load(device, file, cell === own ? own : undefined);
      expect([...loaded.emissions([words]).data()]).toEqual([...model.emissions([words]).data()]);
    }
  });
});

/** A signal that is given when it was asked for the n-th time. */
function abortAfter(times: number): AbortSignal {
  let asked = 0;
  return {
    get aborted() {
      return ++asked > times;
    },
  } as AbortSignal;
}

describe('options and data out of range', () => {
  test('are refused by name', async () => {
    expect(() => newModel({ hidden: 0 })).toThrow(ConfigError);
    expect(() => newModel({ characters: -1 })).toThrow('characters must be a whole number from 0');
    expect(() => newModel({ dropout: 1 })).toThrow('dropout must be a number in [0, 1)');
    expect(() => newModel({ hiden: 3 } as never)).toThrow("unknown option 'hiden'; did you mean 'hidden'?");
    expect(() => newModel({ columns: { word: 0, tag: 1 } })).toThrow('columns must be { word, tag }');
    await expect(newModel().tag('Ada wrote' as never)).rejects.toThrow("takes an array of texts, received 'Ada wrote'");
    await expect(newModel().tagWords(['Ada'] as never)).rejects.toThrow('takes an array of arrays of words');
    expect(() => tagVocabulary([])).toThrow(DataError);
    const model = newModel();
    const other = [{ words: ['Ada'], tags: ['B-ORG'] }];
    expect(() => model.loss(other, inference)).toThrow("'Ada' has the tag 'B-ORG', which the model does not have");
    await expect(evaluateTagger(model, [])).rejects.toThrow(DataError);
    const partly = [{ words: ['Ada', 'Bo'], tags: ['B-ORG', 'B-PER'] }];
    expect(await evaluateTagger(model, partly)).toMatchObject({ loss: null, spans: { support: 2 } });
    const checkpoint = lastCheckpoint(await collect(model, { steps: 1 }));
    const alien = encodeCheckpoint({ ...checkpoint, model: { task: 'classify' } });
    expect(() => Tagger.load(device, alien)).toThrow(FormatError);
  });
});

describe('tags the model does not have', () => {
  const unseen = [{ words: ['Ada'], tags: ['B-ORG'] }];

  test('are refused for evaluation if there are no others', async () => {
    await expect(evaluateTagger(newModel(), unseen)).rejects.toThrow("none of these tags is one of the model's: B-ORG");
    expect(await evaluateTagger(newModel(), [{ words: ['Ada'], tags: ['O'] }])).toMatchObject({
      spans: { support: 0 },
    });
  });

  test('are refused for validation if every sentence has one: there would be no loss to report', () => {
    const order = { batch: 16, seed: 1 };
    expect(() => taggerTraining(newModel(), examples, { ...order, validation: unseen })).toThrow(
      'every validation sentence has a tag that training never saw, such as B-ORG; the model has O, B-LOC',
    );
    expect(() =>
      taggerTraining(newModel(), examples, { ...order, validation: [...unseen, ...validation] }),
    ).not.toThrow();
    expect(() => taggerTraining(newModel(), examples, { ...order, validation: [] })).not.toThrow();
  });

  test('leave validation a finite loss if only some sentences have one', async () => {
    const task = taggerTraining(newModel(), examples, { validation: [...unseen, ...validation], batch: 16, seed: 1 });
    expect((await task.validate(undefined))!.loss).toBeLessThan(10);
  });

  test('can be added to its vocabulary, such as those of held-out sentences', () => {
    expect(tagVocabulary(examples, { tags: ['B-ORG'] }).tags).toEqual([
      'O',
      ...['LOC', 'ORG', 'PER'].flatMap((type) => [`B-${type}`, `I-${type}`]),
    ]);
    expect(() => tagVocabulary(examples, { schema: 'BIO' } as never)).toThrow("did you mean 'scheme'?");
  });
});

test('spans are the same in every scheme they are labelled in', async () => {
  const model = newModel();
  const [bio, bilou, bmes] = ['O B-PER I-PER B-LOC', 'O B-PER L-PER U-LOC', 'O B-PER E-PER S-LOC'].map((tags) => ({
    words: ['Mr', 'Tom', 'Tell', 'Uri'],
    tags: tags.split(' '),
  }));
  const found = await evaluateTagger(model, [bio]);
  expect(await evaluateTagger(model, [bilou])).toEqual(found);
  expect(await evaluateTagger(model, [bmes])).toEqual(found);
  expect(model.loss([bilou], inference).item()).toBe(model.loss([bio], inference).item());
});

test('a tagged sentence can be shown', () => {
  const tags = ['O', 'B-PER', 'I-PER', 'B-LOC', 'O'];
  const words = ['Mr', 'Tom', 'Tell', 'Uri', '.'];
  expect(showTags({ words, tags }, true)).toBe('Mr [Tom Tell]PER [Uri]LOC .');
  expect(showTags({ words: ['a', 'b'], tags: ['X', 'Y'] }, false)).toBe('a/X b/Y');
});
