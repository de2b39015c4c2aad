import { afterAll, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { tokenizerFor } from '../tokenizers/create.ts';
import { Classifier } from './classify/model.ts';
import { Forecaster } from './forecast/model.ts';
import { fitScaling } from './forecast/scaling.ts';
import { rowsOf } from './forecast/series.ts';
import { evaluateLanguageModel } from './language-model/evaluate.ts';
import { generateText } from './language-model/generate.ts';
import { LanguageModel } from './language-model/model.ts';
import { Tagger } from './tag/model.ts';
import { tagVocabulary } from './tag/vocabulary.ts';
import { Translator } from './translate/model.ts';
import { sidesFor } from './translate/sides.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const sizes = { cell: 'gru', hidden: 9, layers: 2, embedding: 4, dropout: 0 } as const;
const text = 'she sells sea shells by the shore; ';
const tokenizer = tokenizerFor('char', text);
const demand = Array.from({ length: 60 }, (_, t) => 20 + 5 * Math.sin(t / 2) + (t % 3));
const pairs = ['abc', 'ab', 'cba', 'bbc'].map((source) => ({ source, target: [...source].reverse().join('') }));

const writer = new LanguageModel(device, tokenizer, sizes);
const classifier = new Classifier(device, tokenizer, ['sea', 'land'], {
  ...{ ...sizes, bidirectional: true, pooling: 'attention', maxLength: 50 },
});
const tagger = new Tagger(device, tagVocabulary([{ words: ['in', 'Rome'], tags: ['O', 'B-LOC'] }]), {
  ...{ ...sizes, characters: 2, crf: true },
});
const translator = new Translator(device, sidesFor(pairs), { ...sizes, attention: 'additive' });
const forecaster = new Forecaster(device, fitScaling(rowsOf({ demand }), 50, 6), {
  ...{ cell: 'gru', hidden: 5, layers: 1, dropout: 0, window: 6, horizon: 2 },
});

/** Some work of each model, which carries states, and takes several batches, over many steps. */
const work: readonly (() => Promise<unknown>)[] = [
  ...[1, 2, 3].map((seed) => () => generateText(writer, { prompt: 'she', length: 30, seed, temperature: 0.3 })),
  () => writer.predict(['she', '', 'sea shells by'], { batch: 2, top: 3 }),
  () => evaluateLanguageModel(writer, tokenizer.encode(text.repeat(20)), { batch: 4, steps: 16 }),
  () => classifier.predict(['she', 'sells', 'sea', 'shells'], { batch: 1 }),
  () => tagger.predict(['in Rome', 'Rome in Rome']),
  ...[1, 3].map((beam) => () => translator.predict(['abc', 'cab', 'b'], { beam, batch: 2, maxLength: 8 })),
  () => forecaster.predict([{ demand }, { demand: demand.slice(3) }]),
];

test('models that work at the same time on one device answer as they do one after the other, and leave no memory behind', async () => {
  const apart: unknown[] = [];
  for (const one of work) apart.push(await one());
  const before = device.memory().bytes;
  for (let round = 0; round < 3; round++) expect(await Promise.all(work.map((one) => one()))).toEqual(apart);
  expect(device.memory().bytes).toBe(before);
});

test('a signal ends each in the middle, with its reason', async () => {
  const abortAfter = (times: number) => {
    let asked = 0;
    return {
      reason: 'enough',
      get aborted() {
        return ++asked > times;
      },
    };
  };
  const many = Array.from({ length: 200 }, (_, i) => 'shells '.repeat(1 + (i % 5)));
  const before = device.memory().bytes;
  for (const times of [0, 1]) {
    const signal = () => abortAfter(times);
    await expect(generateText(writer, { signal: signal() })).rejects.toBe('enough');
    await expect(writer.predict(many, { signal: signal(), batch: 9 })).rejects.toBe('enough');
    await expect(classifier.predict(many, { signal: signal() })).rejects.toBe('enough');
    await expect(
      tagger.predict(
        many.map((one) => one.repeat(200)),
        { signal: signal() },
      ),
    ).rejects.toBe('enough');
    await expect(translator.predict(many, { signal: signal(), maxLength: 2 })).rejects.toBe('enough');
    const histories = Array.from({ length: 600 }, () => ({ demand }));
    await expect(forecaster.predict(histories, { signal: signal() })).rejects.toBe('enough');
  }
  expect(device.memory().bytes).toBe(before);
});
