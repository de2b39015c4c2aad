import { openDevice } from 'unrolled';
import { LanguageModel, tokenizerFor } from 'unrolled/tasks/language-model';
import { afterAll, expect, test } from 'vitest';
import { similarSpans } from './similar-spans.ts';
import { searchUnits, spanOf } from './units.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());
const period = 'tom said "oh my" and ann "no, no" then ';
const text = period.repeat(40);
const model = new LanguageModel(
  device,
  tokenizerFor('char', text),
  { cell: 'lstm', hidden: 24, layers: 1, embedding: 8, dropout: 0 },
  3,
);
// Larger weights than at first, so that units are far from 0 as in a trained model.
model.parameters.load(
  Object.fromEntries(
    Object.entries(await model.parameters.save()).map(([name, { shape, data }]) => [
      name,
      { shape, data: Float32Array.from(data, (value) => 6 * value) },
    ]),
  ),
);
const context = { signal: new AbortController().signal, tell: () => {} };
const { searched } = await searchUnits(model, { text, property: 'quotes', most: null, span: 80 }, 0, {
  ...context,
  before: null,
});
const from = 20 * period.length + 10;
const input = { from, to: from + 5, threshold: 0.01, onlyThere: false, most: 12 };

test('in a periodic text the best matches of a span are the same words in other periods', async () => {
  const shares: number[] = [];
  const found = await similarSpans(searched, input, { ...context, tell: (share) => void shares.push(share) });
  const selected = text.slice(input.from, input.to);
  expect(found.spans).toHaveLength(12);
  for (const { text: match, from, to } of found.spans) {
    expect(match).toBe(selected);
    expect(to - from).toBe(5);
    expect(from).not.toBe(input.from);
  }
  // Every active unit is active in all of a perfect match.
  expect(found.spans[0].score).toBe(found.units.length);
  expect(shares.at(-1)).toBe(1);
});

test('exactly the units beyond the threshold on the same side at every selected token count as active', async () => {
  for (const threshold of [0.01, 0.05, 0.1]) {
    const { units } = await similarSpans(searched, { ...input, threshold }, context);
    const span = await spanOf(searched, { from: input.from, length: 5 });
    const expected = span.units.filter((name, row) => {
      const values = span.values.subarray(5 * row, 5 * row + 5);
      return name.includes('.h.') && (values.every((v) => v >= threshold) || values.every((v) => v <= -threshold));
    });
    expect(units.map(({ name }) => name).toSorted()).toEqual(expected.toSorted());
  }
});

test('units active on a neighbouring token are left out on request, and scores fall from first to last', async () => {
  const short = { ...input, threshold: 0.3, to: input.from + 2 };
  const all = await similarSpans(searched, short, context);
  const only = await similarSpans(searched, { ...short, onlyThere: true }, context);
  expect(only.units.length).toBeLessThan(all.units.length);
  const span = await spanOf(searched, { from: short.from - 1, length: 4 });
  for (const { name, sign } of only.units) {
    const row = span.units.indexOf(name);
    const [before, after] = [span.values[4 * row], span.values[4 * row + 3]];
    expect([sign * before < 0.3, sign * after < 0.3]).toEqual([true, true]);
  }
  const scores = only.spans.map(({ score }) => score);
  expect(scores).toEqual(scores.toSorted((a, b) => b - a));
});

test('a bad selection, or a threshold that no unit reaches, is named', async () => {
  await expect(similarSpans(searched, { ...input, to: input.from }, context)).rejects.toThrow('no span of a text');
  await expect(similarSpans(searched, { ...input, threshold: 2 }, context)).rejects.toThrow('lower the threshold');
  await expect(similarSpans(searched, { ...input, threshold: Number.NaN }, context)).rejects.toThrow('threshold must');
  const signal = AbortSignal.abort();
  await expect(similarSpans(searched, input, { ...context, signal })).rejects.toBe(signal.reason);
});
