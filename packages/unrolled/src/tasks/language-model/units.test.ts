import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
// All cells, not those alone that the engine has.
import { compareUnits, parseProperty, parseUnitName } from '../../inspect/index.ts';
import { Random } from '../../random.ts';
import { tokenizerFor } from '../../tokenizers/index.ts';
import { train } from '../../train/train.ts';
import { evaluateLanguageModel } from './evaluate.ts';
import { generateText } from './generate.ts';
import { LanguageModel } from './model.ts';
import { languageModelTraining } from './training.ts';
import { findUnits, labelTokens, traceUnits } from './units.ts';

/** People speak in it, at any time and as long as they like. */
function speech(characters: number, seed: number): string {
  const random = new Random(seed);
  const words = (list: string): string => {
    const all = list.split(' ');
    return Array.from({ length: 2 + random.below(8) }, () => all[random.below(all.length)]).join(' ');
  };
  let text = '';
  while (text.length < characters) {
    text += `${words('tom ann sat met the man ran to town')} "${words('oh my no yes go we all know it so')}" `;
  }
  return text;
}

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());
const text = speech(40_000, 1);
const tokenizer = tokenizerFor('char', text);
const newModel = (cell = 'lstm') =>
  new LanguageModel(device, tokenizer, { cell, hidden: 32, layers: 1, embedding: 12, dropout: 0 }, 3);
const unseen = tokenizer.encode(speech(12_000, 2));
const quotes = parseProperty('quotes');

describe('a small LSTM that has read a text in which people speak', () => {
  const model = newModel();

  beforeAll(async () => {
    const task = languageModelTraining(model, tokenizer.encode(text), { batch: 16, steps: 50, seed: 1 });
    const options = { optimizer: { method: 'adam' }, learningRate: 1e-2, clipNorm: 1, steps: 300 } as const;
    for await (const _ of train(task, options));
  });

  test('has a unit that follows quotes, where the new one has none', async () => {
    const shares: number[] = [];
    const onProgress = (share: number) => shares.push(share);
    const [found] = await findUnits(model, unseen, [quotes], { onProgress });
    const [best] = found.units;
    expect(best.heldOut).toBeGreaterThan(0.95);
    expect(best.heldOut).toBeGreaterThan(found.shuffledLevel + 0.2);
    expect(best.p).toBeLessThan(0.01);
    expect(found.units).toHaveLength(64);
    expect(shares.at(-1)).toBe(1);
    const [before] = await findUnits(newModel(), unseen, [quotes]);
    expect(before.units[0].heldOut).toBeLessThan(0.8);
    const compared = compareUnits({ before, found });
    expect(compared.units[0].name).toBe(best.name);
    expect(compared.units[0].found[0]!.heldOut).toBeLessThan(0.8);
  });

  test('has a higher loss without that unit, and generates another text', async () => {
    const [{ units }] = await findUnits(model, unseen, [quotes]);
    const hold = [{ ...units[0], value: 0 }];
    const [whole, cut] = [
      await evaluateLanguageModel(model, unseen),
      await evaluateLanguageModel(model, unseen, { hold }),
    ];
    expect(cut.loss).toBeGreaterThan(whole.loss + 0.02);
    const write = (held?: typeof hold) => generateText(model, { prompt: 'tom sat "oh my', length: 200, hold: held });
    expect(await write(hold)).not.toBe(await write());
    expect(await write([])).toBe(await write());
  });

  test('is the same with a unit held that nothing reads', async () => {
    const hold = [{ ...parseUnitName('l0.h.3'), value: 0.7 }];
    const deaf = newModel();
    deaf.parameters.load(await model.parameters.save());
    for (const name of ['lstm.weight_hh_l0', 'output.weight']) {
      const weight = deaf.parameters.get(name);
      device.backend.write(
        weight,
        Array.from(weight.data(), (value, i) => (i % 32 === 3 ? 0 : value)),
      );
    }
    const loss = async (held?: typeof hold) => (await evaluateLanguageModel(deaf, unseen, { hold: held })).loss;
    expect(await loss(hold)).toBeCloseTo(await loss(), 5);
    const write = (held?: typeof hold) => generateText(deaf, { temperature: 0.3, hold: held });
    expect(await write(hold)).toBe(await write());
  });

  test('searches several properties at once, and can be aborted', async () => {
    const both = await findUnits(model, unseen, [quotes, parseProperty('word')], { gates: true });
    expect(both.map(({ property, measure }) => [property, measure])).toEqual([
      ['quotes', 'auc'],
      ['word', 'correlation'],
    ]);
    expect(new Set(both[0].units.map(({ part }) => part))).toEqual(new Set(['i', 'f', 'g', 'o', 'h', 'c']));
    expect(both[1].units[0].heldOut).toBeGreaterThan(0.5);
    const aborted = findUnits(model, unseen, [quotes], { signal: AbortSignal.abort('enough') });
    await expect(aborted).rejects.toBe('enough');
  });

  test('shows a span of the text by a unit', async () => {
    const span = await traceUnits(model, unseen, [parseUnitName('l0.h.0'), parseUnitName('l0.f.9')], {
      from: 50,
      to: 90,
    });
    expect(span.map(({ piece }) => piece).join('')).toBe(tokenizer.decode(unseen.subarray(50, 90)));
    for (const { values } of span) {
      expect(Math.abs(values[0])).toBeLessThan(1);
      expect(values[1]).toBeGreaterThan(0);
    }
  });
});

test.each(['gru', 'mut1', 'minlstm', 'rhn'])('units of %s are found as well', async (cell) => {
  const [{ units }] = await findUnits(newModel(cell), unseen.subarray(0, 3000), [parseProperty('matches("[m-z]")')]);
  expect(units[0].heldOut).toBeGreaterThan(0.55);
});

test('a token of several characters has what holds after its last', () => {
  const words = tokenizerFor('word', ' so "he said" so "he said" so');
  const ids = words.encode(' so "he said" so');
  const labels = labelTokens(words, ids, quotes);
  expect(Array.from(ids, (id) => words.decode([id]))).toEqual([' so', ' "', 'he', ' said', '"', ' so']);
  expect([...labels.values]).toEqual([0, 1, 1, 1, 0, 0]);
  const pairs = tokenizerFor('bpe', 'é"é"é"é"', 258);
  const own = pairs.encode('é"é"');
  expect(labelTokens(pairs, own, quotes).values).toHaveLength(own.length);
});
