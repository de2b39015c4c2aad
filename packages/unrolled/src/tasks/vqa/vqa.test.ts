import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError } from '../../errors.ts';
import type { Image } from '../../images/index.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Activation, Conv2d } from '../../nn/vision/index.ts';
import { Random } from '../../random.ts';
import { encodeModel, storeModel } from '../../train/stored-model.ts';
import { train } from '../../train/train.ts';
import {
  type AnsweredQuestion,
  Answerer,
  type AnswererConfig,
  answererTraining,
  evaluateAnswers,
  fusions,
  type QuestionData,
  questionTypes,
  questionVocabulary,
} from './index.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const backbone = (trained: boolean) => ({
  config: new Sequential({
    conv: new Conv2d({ channels: 8, kernel: 4, stride: 4 }),
    relu: new Activation({ kind: 'relu' }),
  }).config,
  preprocessing: { size: 8, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  ...(trained && { trained }),
});

const colours = { red: [230, 30, 30], green: [30, 200, 40], blue: [40, 60, 240] } as const;
const names = Object.keys(colours) as (keyof typeof colours)[];
/** An image of 8 × 8, one half plain and the other striped, and questions that only the image answers, or that need none. */
function drawn(random: Random): { image: Image; questions: AnsweredQuestion[] } {
  const [plain, striped] = [names[random.below(3)], names[random.below(3)]];
  const above = random.below(2);
  const data = Uint8Array.from({ length: 8 * 8 * 3 }, (_, i) => {
    const isPlain = Math.floor(i / 96) === above;
    const lit = isPlain || Math.floor(i / 3) % 2 === 0;
    return lit ? colours[isPlain ? plain : striped][i % 3] + random.below(20) : 0;
  });
  return {
    image: { width: 8, height: 8, channels: 3, data },
    questions: [
      { question: 'What colour is the plain half?', answers: [plain], choices: names },
      { question: 'what colour is the striped half', answers: [striped], choices: [...names].reverse() },
      { question: 'Is this a picture?', answers: ['yes'], choices: ['no', 'yes'] },
    ],
  };
}

const drawings = (count: number, seed: number) => {
  const random = new Random(seed);
  return Array.from({ length: count }, () => drawn(random));
};
const dataOf = (some: ReturnType<typeof drawings>): QuestionData => ({
  views: some.map(({ image }) => image),
  questions: some.map(({ questions }) => questions),
});
const askedOf = (some: ReturnType<typeof drawings>) =>
  some.flatMap(({ image, questions }) => questions.map((one) => ({ view: image, ...one })));

const known = drawings(30, 1);
const questions = known.flatMap((one) => one.questions);
const answerer = (config: Partial<AnswererConfig> = {}, trained = true, seed = 3): Answerer =>
  new Answerer(
    device,
    {
      config: { cell: 'lstm', hidden: 12, layers: 1, embedding: 6, dropout: 0, ...config },
      backbone: backbone(trained),
      vocabulary: questionVocabulary(questions),
    },
    seed,
  );

describe('a model of questions about images', () => {
  test('learns what only the image tells, and its copies what they can know', async () => {
    const model = answerer();
    const training = answererTraining(model, dataOf(drawings(150, 5)), { batch: 45, seed: 1 });
    const options = { optimizer: { method: 'adam' }, learningRate: 0.01, clipNorm: 5, epochs: 20 } as const;
    for await (const _ of train(training, options));
    const fresh = askedOf(drawings(60, 9)).map(({ choices: _, ...one }) => one);
    const scores = await evaluateAnswers(model, fresh);
    expect(scores.accuracy).toBeGreaterThan(0.97);
    // A third of the questions needs no image; of the others, three answers are equally frequent. Without a question, a half is guessed
    // of each image.
    expect(scores.withoutImage).toBeGreaterThan(0.45);
    expect(scores.withoutImage).toBeLessThan(0.68);
    expect(scores.withoutQuestion).toBeLessThan(0.6);
    expect(scores.image!.gain).toBeCloseTo(scores.accuracy - scores.withoutImage!, 12);
    expect(scores.image!.addsNothing).toBe(false);
    const [first] = scores.types;
    expect(first).toMatchObject({ begin: 'what colour is the', questions: 120 });
    expect(scores.types.find(({ begin }) => begin.startsWith('is this'))).toMatchObject({ accuracy: 1, frequent: 1 });
  }, 30_000);

  test('an image that says nothing is worth nothing, and the evaluation says so', async () => {
    const model = answerer();
    const scores = await evaluateAnswers(
      model,
      askedOf(drawings(20, 2)).map((one) => ({
        ...one,
        question: 'is this a picture',
        answers: ['yes'],
        choices: ['yes'],
      })),
    );
    expect(scores).toMatchObject({ accuracy: 1, withoutImage: 1 });
    expect(scores.image).toEqual({ gain: 0, interval: [0, 0], addsNothing: true });
  });

  test.each(fusions)(
    'joins question and image by %s, with and without attention, for answers and for choices',
    async (fusion) => {
      for (const attention of [0, 1, 2]) {
        for (const answering of ['softmax', 'binary'] as const) {
          const model = answerer({ fusion, attention, answering, headHidden: attention === 1 ? 0 : 7 });
          const [{ answer, candidates, attention: maps }] = await model.predict([
            { image: known[0].image, question: 'what colour', choices: ['Red', 'a blue one'] },
          ]);
          expect(['Red', 'a blue one']).toContain(answer);
          expect(candidates).toHaveLength(2);
          expect(maps?.weights.length ?? 0).toBe(attention);
          for (const row of maps?.weights ?? []) {
            expect(row).toHaveLength(4);
            expect(row.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
          }
        }
      }
    },
  );

  test.each([true, false])('an answer is the same alone and in any batch (trained network: %s)', async (trained) => {
    const model = answerer({ attention: 2 }, trained);
    const asked = drawings(4, 7).flatMap(({ image, questions: some }) =>
      some.map(({ question }) => ({ image, question })),
    );
    const together = await model.predict(asked, { batch: 12 });
    expect(await model.predict(asked, { batch: 5 })).toEqual(together);
    for (const i of [0, 4, 11]) expect(await model.predict([asked[i]])).toEqual([together[i]]);
  });

  test('features of a frozen network answer as the image does', async () => {
    const model = answerer({}, false);
    const some = drawings(3, 4);
    const features = await model.features(some.map(({ image }) => image));
    const seen = some.flatMap(({ questions: all }, i) => all.map((one) => ({ view: features[i], ...one })));
    expect(await evaluateAnswers(model, seen)).toEqual(await evaluateAnswers(model, askedOf(some)));
    const short = [{ ...seen[0], view: features[0].subarray(1) }];
    await expect(evaluateAnswers(model, short)).rejects.toThrow(/an image has 4 · 8 features, received 31/);
  });

  test('a stored model answers as before', async () => {
    const model = answerer({ answering: 'binary' });
    const asked = [{ image: known[1].image, question: 'what colour is the top?', choices: names }];
    const opened = Answerer.load(device, encodeModel(await storeModel(model, 1)));
    expect(await opened.predict(asked)).toEqual(await model.predict(asked));
  });
});

describe('copies that know less', () => {
  const gradients = async (model: Answerer, names?: readonly string[]) => {
    const training = answererTraining(model, dataOf(known), { batch: 30, seed: 2 });
    const batch = await training.nextBatch();
    const loss = training.loss(batch, { training: true, random: new Random(4) });
    model.parameters.backward(loss);
    const all = [...model.parameters].filter(({ name }) => !names || names.some((begin) => name.startsWith(begin)));
    return {
      loss: (await loss.read())[0],
      gradients: await Promise.all(
        all.map(async ({ name }) => [name, Array.from(await model.parameters.gradient(name).read())]),
      ),
    };
  };

  test('change neither the loss nor a gradient of the model and of the network it sees with', async () => {
    const model = answerer();
    const own = await gradients(model, ['full.', 'backbone.']);
    // The same with the copies' weights at 0, where their losses and gradients are others.
    for (const { name, value } of model.parameters) {
      if (name.startsWith('without')) device.backend.fill(value, 0);
    }
    expect(await gradients(model, ['full.', 'backbone.'])).toEqual(own);
  });

  test('each learn by their own loss', async () => {
    const { gradients: all } = await gradients(answerer());
    for (const begin of ['full.', 'withoutImage.', 'withoutQuestion.']) {
      const some = all.filter(([name]) => String(name).startsWith(`${begin}output`));
      expect(some.flatMap(([, values]) => values as number[]).some((value) => value !== 0)).toBe(true);
    }
  });

  test('answer as if the image, or the question, were another', async () => {
    const model = answerer();
    const [a, b] = [known[0].image, known[1].image];
    const read = async (view: Image, question: string, name: 'withoutImage' | 'withoutQuestion') =>
      Array.from(await device.read(() => model.apply([model.encode(view, question, undefined)]).get(name)!.logits));
    expect(await read(a, 'is this a picture', 'withoutImage')).toEqual(
      await read(b, 'is this a picture', 'withoutImage'),
    );
    expect(await read(a, 'is this', 'withoutQuestion')).toEqual(await read(a, 'what colour', 'withoutQuestion'));
    expect(await read(a, 'is this', 'withoutImage')).not.toEqual(await read(a, 'what colour', 'withoutImage'));
  });

  test('there are none where the model itself is given less', async () => {
    const model = answerer({ given: 'question' });
    expect([...model.networks.keys()]).toEqual(['full']);
    const scores = await evaluateAnswers(model, askedOf(known.slice(0, 2)));
    expect(scores).toMatchObject({ withoutImage: null, withoutQuestion: null, answersOnly: null, image: null });
    expect(() => answerer({ given: 'question', attention: 1 })).toThrow(ConfigError);
  });
});

describe('answers and questions', () => {
  test('an answer that the model cannot give is left out of training, and counts as wrong', async () => {
    const rare = [{ question: 'what is it', answers: ['a unicorn'] }];
    const model = answerer();
    const data = { views: [known[0].image], questions: [rare] };
    expect(() => answererTraining(model, data, { batch: 1, seed: 1 })).toThrow(/no question has an answer/);
    const scores = await evaluateAnswers(model, [{ view: known[0].image, ...rare[0] }]);
    expect(scores).toMatchObject({ accuracy: 0, unknown: 1, loss: null });
  });

  test('a model that judges choices needs some, and gives one of them', async () => {
    const model = answerer({ answering: 'binary' });
    const asked = { image: known[0].image, question: 'what colour is the top' };
    await expect(model.predict([asked])).rejects.toThrow(DataError);
    await expect(model.predict([{ ...asked, choices: [] }])).rejects.toThrow(/judges choices/);
    // Neither the order of the choices nor what else may be answered changes what one is worth.
    const [few] = await model.predict([{ ...asked, choices: ['red', 'green'] }]);
    const [more] = await model.predict([{ ...asked, choices: ['blue', 'green', 'Red'] }]);
    const of = (found: typeof few, answer: string) =>
      found.candidates.find((one) => one.answer.toLowerCase() === answer)!.probability;
    for (const colour of ['red', 'green']) expect(of(more, colour)).toBeCloseTo(of(few, colour), 6);
  });

  test('the answers are the most frequent ones, and at least two', () => {
    const asked = ['cat', 'dog', 'Cat', 'a cat', 'dog', 'bird'].map((answer) => ({
      question: 'what',
      answers: [answer],
    }));
    expect(questionVocabulary(asked, { answers: 2 }).answers).toEqual(['cat', 'dog']);
    expect(() => questionVocabulary(asked.slice(0, 1))).toThrow(DataError);
  });

  test('types are beginnings that are frequent, with their most frequent answers', () => {
    const asked = [
      ...Array.from({ length: 6 }, (_, i) => ({ question: `How many cups ${i}?`, answer: i < 4 ? '2' : '3' })),
      ...Array.from({ length: 5 }, (_, i) => ({ question: `is it ${i}`, answer: 'no' })),
      { question: 'who', answer: 'Ada' },
    ];
    const types = questionTypes(asked);
    expect(types.map(({ begin }) => begin)).toEqual(['', 'how', 'how many', 'how many cups', 'is', 'is it']);
    expect(types.find(({ begin }) => begin === 'how many')!.answers).toEqual(['2', '3']);
    const model = new Answerer(device, {
      config: { cell: 'gru', hidden: 3, layers: 1, embedding: 2, dropout: 0 },
      backbone: backbone(true),
      vocabulary: questionVocabulary(asked.map(({ question, answer }) => ({ question, answers: [answer] }))),
    });
    expect(model.typeOf('How many dogs are there?').begin).toBe('how many');
    expect(model.typeOf('Who is it?').begin).toBe('');
  });

  test('lists that do not go together are an error', () => {
    const data = { views: [known[0].image], questions: [] };
    expect(() => answererTraining(answerer(), data, { batch: 1, seed: 1 })).toThrow(/1 images and questions about 0/);
  });
});
