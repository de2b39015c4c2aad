import { openDevice } from 'unrolled';
import { LanguageModel, tokenizerFor } from 'unrolled/tasks/language-model';
import { afterAll, expect, test } from 'vitest';
import { holdCell, searchCells, stretchOf } from './cells.ts';

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
const input = { text: `${text}Ω`, property: 'quotes', most: null, stretch: 80 };
const context = { signal: never, tell: () => {}, before: null };

test('cells are found, shown on a stretch of the text, and held', async () => {
  const { searched, found } = (await searchCells(model, input, 7, context))!;
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
  const stretch = stretchOf(searched, { from: found.from, length: 80 });
  expect(stretch.values).toHaveLength(18 * 80);
  expect(stretch.pieces.join('')).toBe(text.slice(found.from, found.from + 80));
  expect(new Set(stretch.labels)).toEqual(new Set([0, 1]));
  const held = await holdCell(searched, {
    ...{ cell: best.name, value: 5, prompt: 'tom Ω said', length: 30, temperature: 0.2, seed: 1 },
  });
  expect(held.prompt).toBe('tom  said');
  expect(held.after.loss).not.toBe(held.before.loss);
  expect(held.after.text).not.toBe(held.before.text);
  const end = stretchOf(searched, { from: text.length - 10, length: 80 });
  expect(end.pieces).toHaveLength(10);
});

test('a part is searched with what the property is in the whole text, which can be shown everywhere', async () => {
  const shares: number[] = [];
  const tell = (share: number) => void shares.push(share);
  const first = (await searchCells(model, { ...input, most: 610 }, 7, { ...context, tell }))!;
  expect(first.found).toMatchObject({ tokens: text.length, searchedFrom: text.length - 610 });
  expect(first.found.steps.selection + first.found.steps.heldOut).toBe(610);
  expect(first.found.from).toBeGreaterThanOrEqual(text.length - 305);
  expect(shares.at(-1)).toBe(1);
  expect(stretchOf(first.searched, { from: 5, length: 20 }).pieces.join('')).toBe(text.slice(5, 25));
  // The text is not read into tokens once more.
  const all = (await searchCells(model, input, 7, { ...context, before: first.searched }))!;
  expect(all.searched.tokens).toBe(first.searched.tokens);
  expect(all.searched.labels).toBe(first.searched.labels);
  const { found } = (await searchCells(model, input, 7, context))!;
  expect(all.found).toEqual(found);
});

test('what cannot be is named, and a search that is called off ends', async () => {
  await expect(searchCells(model, { ...input, property: 'inside(' }, 0, context)).rejects.toThrow('column 8');
  await expect(searchCells(model, { ...input, text: 'tom' }, 0, context)).rejects.toThrow('longer text');
  expect(await searchCells(model, input, 0, { ...context, signal: AbortSignal.abort() })).toBeNull();
});
