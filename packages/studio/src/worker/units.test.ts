import { openDevice } from 'unrolled';
import { LanguageModel, tokenizerFor } from 'unrolled/tasks/language-model';
import { afterAll, expect, test } from 'vitest';
import { holdUnit, searchUnits, spanOf } from './units.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());
const text = 'tom said "oh my" and ann "no, no" then '.repeat(60);
const model = new LanguageModel(
  device,
  tokenizerFor('char', text),
  { cell: 'gru', hidden: 9, layers: 2, embedding: 5, dropout: 0 },
  1,
);
const never = new AbortController().signal;
const input = { text: `${text}Ω`, property: 'quotes', most: null, span: 80 };
const context = { signal: never, tell: () => {}, before: null };

test('units are found, shown on a span of the text, and held', async () => {
  const { searched, found } = await searchUnits(model, input, 7, context);
  expect(found).toMatchObject({
    property: 'quotes',
    measure: 'auc',
    searchedFrom: 0,
    modelStep: 7,
    tokens: text.length,
  });
  expect(found.leftOut).toEqual(["'Ω' (U+03A9)"]);
  expect(found.units).toHaveLength(18);
  const [best] = found.units;
  const span = await spanOf(searched, { from: found.from, length: 80 });
  expect(span.values).toHaveLength(18 * 80);
  expect(span.pieces.join('')).toBe(text.slice(found.from, found.from + 80));
  expect(new Set(span.labels)).toEqual(new Set([0, 1]));
  const held = await holdUnit(searched, {
    ...{ unit: best.name, value: 5, prompt: 'tom Ω said', length: 30, temperature: 0.2, seed: 1 },
  });
  expect(held.prompt).toBe('tom  said');
  expect(held.after.loss).not.toBe(held.before.loss);
  expect(held.after.text).not.toBe(held.before.text);
  const end = await spanOf(searched, { from: text.length - 10, length: 80 });
  expect(end.pieces).toHaveLength(10);
});

test('a part is searched with what the property is in the whole text, which can be shown everywhere', async () => {
  const shares: number[] = [];
  const tell = (share: number) => void shares.push(share);
  const first = await searchUnits(model, { ...input, most: 610 }, 7, { ...context, tell });
  expect(first.found).toMatchObject({ tokens: text.length, searchedFrom: text.length - 610 });
  expect(first.found.steps.selection + first.found.steps.heldOut).toBe(610);
  expect(first.found.from).toBeGreaterThanOrEqual(text.length - 305);
  expect(shares.at(-1)).toBe(1);
  expect((await spanOf(first.searched, { from: 5, length: 20 })).pieces.join('')).toBe(text.slice(5, 25));
  // The text is not read into tokens once more.
  const all = await searchUnits(model, input, 7, { ...context, before: first.searched });
  expect(all.searched.tokens).toBe(first.searched.tokens);
  expect(all.searched.labels).toBe(first.searched.labels);
  const { found } = await searchUnits(model, input, 7, context);
  expect(all.found).toEqual(found);
});

test('what cannot be is named, and a search that is called off ends', async () => {
  await expect(searchUnits(model, { ...input, property: 'inside(' }, 0, context)).rejects.toThrow('column 8');
  await expect(searchUnits(model, { ...input, text: 'tom' }, 0, context)).rejects.toThrow('longer text');
  const signal = AbortSignal.abort();
  await expect(searchUnits(model, input, 0, { ...context, signal })).rejects.toBe(signal.reason);
});
