import { expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { DataError } from '../../errors.ts';
import { Random } from '../../random.ts';
import type { Checkpoint } from '../../train/checkpoint.ts';
import type { TrainOptions } from '../../train/options.ts';
import { train } from '../../train/train.ts';
import { evaluateTranslator } from './evaluate.ts';
import { Translator } from './model.ts';
import type { TranslationPair } from './pairs.ts';
import { sidesFor } from './sides.ts';
import { type TranslatorTrainingOptions, translatorTraining } from './training.ts';

/** Random words of a few letters, and the same backwards. */
function backwards(count: number, seed: number): TranslationPair[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => {
    const letters = Array.from({ length: 2 + random.below(5) }, () => 'abcde'[random.below(5)]);
    return { source: letters.join(''), target: letters.reverse().join('') };
  });
}

const device = await openDevice('wasm', { threads: 1 });
const pairs = backwards(1200, 1);
const validation = backwards(100, 2);
const config = { cell: 'gru', hidden: 32, layers: 1, embedding: 12, dropout: 0 } as const;
const options: TrainOptions = { optimizer: { method: 'adam' }, learningRate: 0.01, clipNorm: 1, validateEvery: 100 };

function newTask(more: Partial<TranslatorTrainingOptions> = {}) {
  const model = new Translator(device, sidesFor(pairs), config);
  return { model, task: translatorTraining(model, pairs, { validation, batch: 32, seed: 1, ...more }) };
}

test('it learns to reverse words, attending to the letter it writes', async () => {
  const { model, task } = newTask();
  const found: number[] = [];
  for await (const event of train(task, { ...options, steps: 300 })) {
    if (event.type === 'validation') found.push(event.metrics!.exact);
    if (event.type === 'sample') expect(event.text.split('\n')).toHaveLength(5);
  }
  expect(found[0]).toBeLessThan(found.at(-1)!);
  expect(found.at(-1)).toBeGreaterThan(0.9);
  const result = await evaluateTranslator(model, validation, { beam: 3 });
  expect(result.scores.exact).toBeGreaterThan(0.9);
  expect(result.scores.characterErrorRate).toBeLessThan(0.05);
  const [{ text, alignment }] = await model.translate(['abcde']);
  expect(text).toBe('edcba');
  const looked = alignment!.weights.slice(0, 5).map((row) => row.indexOf(Math.max(...row)));
  // One place beside the letter is near enough: the encoder's states know their neighbours.
  looked.forEach((place, t) => {
    expect(Math.abs(place - (4 - t))).toBeLessThanOrEqual(1);
  });
});

test('a resumed run ends with the same bits, with growing scheduled sampling', async () => {
  const last = async (more: Partial<TrainOptions>): Promise<Checkpoint> => {
    let checkpoint: Checkpoint | null = null;
    const { task } = newTask({ sampling: 0.5, samplingEpochs: 0.3 });
    for await (const event of train(task, { ...options, validateEvery: 0, ...more })) {
      if (event.type === 'checkpoint') checkpoint = event.checkpoint;
    }
    return checkpoint!;
  };
  const whole = await last({ steps: 15 });
  const half = await last({ steps: 8 });
  const resumed = await last({ steps: 15, resume: half });
  expect(resumed.parameters).toEqual(whole.parameters);
});

test('scores are those of the translations, and an aborted evaluation rejects with the reason', async () => {
  const { model } = newTask();
  const result = await evaluateTranslator(model, validation.slice(0, 7), { batch: 3 });
  expect(result.translations.map(({ text }) => text)).toEqual(
    (await model.translate(validation.slice(0, 7).map(({ source }) => source))).map(({ text }) => text),
  );
  expect(result.scores.signatures.bleu).toContain('tok:13a|smooth:exp');
  const signal = AbortSignal.abort();
  await expect(evaluateTranslator(model, validation, { signal })).rejects.toBe(signal.reason);
  await expect(evaluateTranslator(model, [])).rejects.toThrow(DataError);
});
