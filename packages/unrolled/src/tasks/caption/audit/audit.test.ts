import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../../device.ts';
import { ConfigError, DataError } from '../../../errors.ts';
import type { Image } from '../../../images/index.ts';
import { Linear } from '../../../nn/linear.ts';
import { Sequential } from '../../../nn/sequential.ts';
import { Activation, Conv2d, GlobalAveragePool } from '../../../nn/vision/index.ts';
import { train } from '../../../train/train.ts';
import {
  auditCaptions,
  auditWordsSchema,
  balancedCounts,
  bootstrap,
  Captioner,
  captionFeatures,
  captionTraining,
  captionVocabulary,
  defaultAuditWords,
  PeopleWords,
  personEvidence,
  summariseEvidence,
} from '../index.ts';

const words = {
  groups: { female: ['woman', 'girl'], male: ['man', 'boy'] },
  neutral: ['person'],
  contexts: { ball: ['ball'], run: ['runs', 'running'] },
};

describe('words', () => {
  const people = new PeopleWords(words);

  test.each([
    [['A woman with a ball.'], { kind: 'group', group: 'female' }],
    [['A person', 'the Man runs'], { kind: 'group', group: 'male' }],
    [['A man', 'a girl'], { kind: 'several' }],
    [['A person and a dog'], { kind: 'neutral' }],
    [['a mandolin'], { kind: 'none' }],
  ])('%j', (texts, naming) => {
    expect(people.namingOf(...texts)).toEqual(naming);
  });

  test('the default lists are lists as a file has them', () => {
    expect(auditWordsSchema(JSON.parse(JSON.stringify(defaultAuditWords)), 'words')).toEqual(defaultAuditWords);
  });

  test.each([
    [{ ...words, groups: { female: ['woman'] } }, 'give at least 2'],
    [{ ...words, groups: { a: ['x'], b: ['x'] } }, "'x' is in a and in b"],
    [{ ...words, neutral: ['a person'] }, "'a person' in neutral must be one word"],
    [{ ...words, neutral: ['Person'] }, 'in lower case'],
    [{ ...words, groups: { ...words.groups, several: ['x'] } }, "'several' is not free"],
    [{ ...words, groups: [] }, 'must be an object of lists'],
    [{ ...words, contexts: { ball: 'ball' } }, 'contexts.ball must be a list'],
    [{ ...words, more: 1 }, 'unknown field'],
    [null, 'must be an object'],
  ])('refuses %j', (value, message) => {
    expect(() => auditWordsSchema(value, 'words')).toThrow(message);
  });
});

describe('bootstrap', () => {
  const items = Array.from(
    { length: 200 },
    (_, i) =>
      new Map([
        ['n', 1],
        ['x', Number(i % 4 === 0)],
      ]),
  );
  const share = (sum: (name: string) => number) => ({ share: sum('x') / sum('n'), none: sum('y') / sum('y') });

  test('the interval of a share is about that of the normal approximation', () => {
    const { share: found, none } = bootstrap(items, share, { samples: 2000 });
    const deviation = Math.sqrt((0.25 * 0.75) / 200);
    expect(found.value).toBe(0.25);
    expect(found.low).toBeCloseTo(0.25 - 1.96 * deviation, 1.5);
    expect(found.high).toBeCloseTo(0.25 + 1.96 * deviation, 1.5);
    expect(none).toEqual({ value: null, low: null, high: null });
  });

  test('is narrower at a lower level, and the same for the same seed', () => {
    const at = (level: number, seed: number) => bootstrap(items, share, { level, seed }).share;
    expect(at(0.5, 1).high! - at(0.5, 1).low!).toBeLessThan(at(0.95, 1).high! - at(0.95, 1).low!);
    expect(at(0.9, 3)).toEqual(at(0.9, 3));
  });
});

describe('an audit', () => {
  // By hand: 2 images of women, 3 of men, 1 neutral, 1 with both, 1 without people.
  const images = [
    { caption: 'a man runs', references: ['a woman runs', 'a person runs'] },
    { caption: 'a woman with a ball', references: ['a girl with a ball', 'a girl'] },
    { caption: 'a man with a ball', references: ['a man with a ball'] },
    { caption: 'a person', references: ['a boy'] },
    { caption: 'a man and a woman', references: ['a man'] },
    { caption: 'a man runs', references: ['a person runs'] },
    { caption: 'a boy', references: ['a man', 'a woman'] },
    { caption: 'a dog', references: ['a dog'] },
  ];
  const audit = auditCaptions(images, { words, minCount: 1, samples: 50 });

  test('counts what captions say by what references say', () => {
    expect(audit.table.female).toEqual({ female: 1, male: 1, several: 0, neutral: 0, none: 0 });
    expect(audit.table.male).toEqual({ female: 0, male: 1, several: 1, neutral: 1, none: 0 });
    expect(audit.table.several.male).toBe(1);
    expect(audit.table.neutral.male).toBe(1);
    expect(audit.table.none.none).toBe(1);
  });

  test('a caption disagrees if it names a group that no reference names', () => {
    const [female, male] = audit.groups;
    expect(female).toMatchObject({ group: 'female', images: 2 });
    expect([female.disagrees.value, female.disagreesNamed.value]).toEqual([1 / 2, 1 / 2]);
    // 'a man and a woman' about a man; one of the three captions names nobody.
    expect([male.disagrees.value, male.disagreesNamed.value, male.neutral.value]).toEqual([1 / 3, 1 / 2, 1 / 3]);
    expect([audit.disagrees.value, audit.disagreesNamed.value, audit.unfounded.value]).toEqual([2 / 5, 2 / 4, 1]);
  });

  test('shares and ratios are of sentences that name one group alone', () => {
    const [female, male] = audit.groups;
    // References: woman, girl, girl, woman against man, boy, man, man; captions: woman against man, man, man, boy.
    expect([female.referenceShare.value, female.captionShare.value]).toEqual([4 / 8, 1 / 5]);
    expect([male.referenceRatio.value, male.captionRatio.value]).toEqual([1, 4]);
  });

  test('amplification is how much further captions lean than the sentences of people', () => {
    // ball: people 1 girl, 1 man, which lean nowhere; running: people 1 woman, captions 2 men.
    const of = (name: string) => audit.amplification.contexts.find(({ context }) => context === name)!;
    expect(of('ball').amplification.value).toBe(0);
    expect(of('run')).toMatchObject({ group: 'female', reference: 1, caption: 0, references: 1, captions: 2 });
    expect(of('run').amplification.value).toBe(-1);
    expect(audit.amplification.mean.value).toBe(-1 / 2);
    const known = ['a man runs', 'a man running', 'a girl runs', 'a person runs', 'a man with a ball'];
    const training = auditCaptions(images, { words, minCount: 1, samples: 50, known }).amplificationOfTraining!;
    // running: people 2/3 men, captions all men; ball: people all men, captions half.
    expect(training.contexts.map(({ amplification }) => amplification.value)).toEqual([-1 / 2, 1 - 2 / 3]);
  });

  test('contexts that are too rare are left out', () => {
    expect(auditCaptions(images, { words, minCount: 3, samples: 5 }).amplification).toEqual({
      contexts: [],
      mean: { value: null, low: null, high: null },
    });
  });

  test('nothing to audit, or a bad option, is named', () => {
    expect(() => auditCaptions([])).toThrow(DataError);
    expect(() => auditCaptions([{ caption: 'a', references: [] }])).toThrow('image 1 has no reference');
    expect(() => auditCaptions(images, { samples: 0 })).toThrow(ConfigError);
    expect(() => auditCaptions(images, { level: 1 })).toThrow(ConfigError);
  });
});

describe('balanced resampling', () => {
  const captions = [
    ['a man'],
    ['a man', 'a person'],
    ['a boy'],
    ['a man'],
    ['a man'],
    ['a woman'],
    ['a girl'],
    ['a dog'],
  ];

  test('groups have as many images as the largest, others stay as they are', () => {
    const counts = balancedCounts(captions, words, 1);
    expect(counts.slice(0, 5)).toEqual([1, 1, 1, 1, 1]);
    expect(counts[5] + counts[6]).toBe(5);
    expect(Math.abs(counts[5] - counts[6])).toBe(1);
    expect(counts[7]).toBe(1);
    expect(balancedCounts(captions, words, 1)).toEqual(counts);
  });

  test('a group without images is named', () => {
    expect(() => balancedCounts([['a man']], words, 1)).toThrow("name 'female' alone");
  });
});

describe('what a word rests on', async () => {
  const device = await openDevice('wasm', { threads: 1 });
  afterAll(() => device.close());
  const network = new Sequential({
    conv: new Conv2d({ channels: 8, kernel: 2, stride: 2 }),
    relu: new Activation({ kind: 'relu' }),
    pool: new GlobalAveragePool(),
    fc: new Linear({ units: 2 }),
  });
  const texts = ['a woman runs', 'a man runs', 'a field'];
  const captioner = (): Captioner =>
    new Captioner(
      device,
      {
        config: { cell: 'gru', hidden: 12, layers: 1, embedding: 6, dropout: 0, conditioning: 'constant' },
        backbone: { config: network.config, preprocessing: { size: [4, 6], crop: 'none', mean: [0.5], std: [0.5] } },
        vocabulary: captionVocabulary([...texts, 'a person'], { minCount: 1 }),
      },
      2,
    );

  /** Grey, with a bright place for a woman, a dark one for a man, or none. */
  function scene(kind: number, place: number): Image {
    const data = new Uint8Array(24).fill(128);
    const [row, column] = [Math.floor(place / 3), place % 3];
    for (let y = 0; y < 2; y++) {
      for (let x = 0; x < 2; x++) data[(2 * row + y) * 6 + 2 * column + x] = [250, 5, 128][kind];
    }
    return { width: 6, height: 4, channels: 1, data };
  }

  const model = captioner();
  const kinds = Array.from({ length: 18 }, (_, i) => i % 3);
  const images = kinds.map((kind, i) => scene(kind, Math.floor(i / 3)));
  // Where there is nothing to see, people say anything.
  const captions = kinds.map((kind) => (kind === 2 ? texts : [texts[kind]]));
  const features = await model.features(images);
  const task = captionTraining(model, { features, captions }, { batch: 9, seed: 1 });
  for await (const _ of train(task, { optimizer: { method: 'adam' }, learningRate: 0.02, clipNorm: 5, steps: 200 }));

  test('where only the person tells the group, hiding that place changes the word and hiding another does not', async () => {
    const written = await captionFeatures(model, features);
    expect(written.flatMap(({ text }, i) => (kinds[i] === 2 ? [] : text))).toEqual(
      captions.filter((all) => all.length === 1).flat(),
    );
    const found = await personEvidence(model, images[4], 'a man runs', words, { share: 1 / 6, batch: 4 });
    expect(found).toMatchObject({ group: 'male', word: 'man', position: 1, grid: [2, 3], overlap: 1 });
    const { readings, personMap, groupMap } = found!;
    expect(readings.nothing.named).toBe('male');
    expect(readings.elsewhere.named).toBe('male');
    expect(readings['all but the person'].named).toBe('male');
    expect(readings.nothing.logOdds - readings.person.logOdds).toBeGreaterThan(2);
    // The man is at place 1.
    expect(personMap.indexOf(Math.max(...personMap))).toBe(1);
    expect(groupMap.indexOf(Math.max(...groupMap))).toBe(1);
    expect(readings.person.logOdds).toBeCloseTo(readings.everything.logOdds, 0);
  });

  test('does not depend on how many images run at once', async () => {
    const [a, b] = await Promise.all(
      [3, 16].map((batch) => personEvidence(model, images[0], 'a woman runs', words, { batch })),
    );
    expect(a).toEqual(b);
  });

  test('a caption without a word of a group has none', async () => {
    expect(await personEvidence(model, images[2], 'a field', words)).toBeNull();
    await expect(personEvidence(model, images[0], 'a woman', words, { share: 1 })).rejects.toThrow(ConfigError);
  });

  test('shares over captions', async () => {
    const one = (await personEvidence(model, images[0], 'a woman runs', words, { share: 1 / 6 }))!;
    const summary = summariseEvidence([one, one], { samples: 10 });
    expect(summary.captions).toBe(2);
    expect(summary.changed.nothing.value).toBe(0);
    expect(summary.overlap.value).toBe(one.overlap);
    expect(summary.logOdds.person.value).toBeCloseTo(one.readings.person.logOdds, 10);
    expect(summariseEvidence([]).byContext.value).toBeNull();
  });

  test('the neutral-word loss makes the model name groups less often', async () => {
    const [plain, neutral] = [captioner(), captioner()];
    const probability = async (neutralWords: object, of: Captioner): Promise<number> => {
      const training = captionTraining(of, { features, captions }, { batch: 9, seed: 1, ...neutralWords });
      for await (const _ of train(training, {
        optimizer: { method: 'adam' },
        learningRate: 0.02,
        clipNorm: 5,
        steps: 80,
      }));
      const { readings } = (await personEvidence(of, images[4], 'a man runs', words))!;
      return Number(readings.nothing.named === 'neutral');
    };
    expect(await probability({}, plain)).toBe(0);
    expect(await probability({ neutralWords: { lists: words, weight: 3 } }, neutral)).toBe(1);
    expect(() =>
      captionTraining(plain, { features, captions }, { batch: 1, seed: 1, neutralWords: { lists: words, weight: -1 } }),
    ).toThrow(ConfigError);
  });
});
