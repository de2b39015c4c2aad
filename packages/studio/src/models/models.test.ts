import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openDevice } from 'unrolled';
import { Classifier } from 'unrolled/tasks/classify';
import { Forecaster } from 'unrolled/tasks/forecast';
import { evaluateLanguageModel, LanguageModel, leaveOutUnknown } from 'unrolled/tasks/language-model';
import { Tagger } from 'unrolled/tasks/tag';
import { Translator } from 'unrolled/tasks/translate';
import { afterAll, expect, test } from 'vitest';
import { shippedModels } from './models.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());
const at = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const bytes = (name: string): Uint8Array => readFileSync(at(`${name}.safetensors`));
const record = (name: string) => JSON.parse(readFileSync(at(`${name}.json`), 'utf8'));

test('all files together are a few hundred kilobytes', () => {
  const sizes = shippedModels.map(
    ({ path }) => readFileSync(fileURLToPath(new URL(`../../../../${path}`, import.meta.url))).length,
  );
  expect(Math.max(...sizes)).toBeLessThan(170_000);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(450_000);
});

test.each(['typescript-lstm', 'typescript-rnn'])(
  '%s predicts code better than tables of 3-grams, as its record says',
  async (name) => {
    const model = LanguageModel.load(device, bytes(name));
    const code = readFileSync(fileURLToPath(new URL('../../../unrolled/src/nn/cells/rnn.ts', import.meta.url)), 'utf8');
    const { loss } = await evaluateLanguageModel(
      model,
      model.tokenizer.encode(leaveOutUnknown(model.tokenizer, code).text),
    );
    const { ladder, validations, step } = record(name);
    expect(loss).toBeLessThan(ladder.nats[3]);
    const best = Math.min(...validations.map(({ loss }: { loss: number }) => loss));
    expect(validations.find((one: { step: number }) => one.step === step).loss).toBe(best);
    expect(best).toBeLessThan(ladder.nats[3]);
  },
);

test('the translator writes dates, the classifier knows languages, the tagger finds names', async () => {
  const translator = Translator.load(device, bytes('dates'));
  const [{ candidates }] = await translator.translate(['Thursday, July 20, 1969'], { beam: 4 });
  expect(candidates[0].text).toBe('1969-07-20');
  const classifier = Classifier.load(device, bytes('languages'));
  const sentences = [
    'the garden is green',
    'der Garten ist grün',
    'le jardin est vert',
    'el jardín es verde',
    'puutarha on vihreä',
  ];
  expect((await classifier.classify(sentences)).map(({ label }) => label)).toEqual([
    'English',
    'German',
    'French',
    'Spanish',
    'Finnish',
  ]);
  const tagger = Tagger.load(device, bytes('names'));
  const [{ spans }] = await tagger.tag(['Ada Lovelace wrote to Charles Babbage from London.']);
  expect(spans.map(({ type, text }) => [type, text])).toEqual([
    ['person', 'Ada Lovelace'],
    ['person', 'Charles Babbage'],
    ['place', 'London'],
  ]);
});

test('the forecaster is close to numbers it was not trained on, and its intervals hold most of them', async () => {
  const forecaster = Forecaster.load(device, bytes('demand'));
  const { demand } = record('demand').examples.columns;
  const { window, horizon } = forecaster.config;
  let [error, inside, steps] = [0, 0, 0];
  for (let origin = window; origin + horizon <= demand.length; origin += horizon) {
    const [found] = await forecaster.forecast(demand.slice(0, origin));
    const { lower, upper } = found.interval(0.8);
    for (let h = 0; h < horizon; h++) {
      const actual = demand[origin + h];
      error += Math.abs(found.values[h] - actual);
      inside += Number(actual >= lower[h] && actual <= upper[h]);
      steps++;
    }
  }
  // The noise alone has a mean size of 0.8.
  expect(error / steps).toBeLessThan(1.4);
  expect(inside / steps).toBeGreaterThan(0.7);
});
