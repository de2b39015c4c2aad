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
const input = { text: `${text}Ω`, property: 'quotes', stretch: 80 };

test('cells are found, shown on a stretch of the text, and held', async () => {
  const { searched, found } = (await searchCells(model, input, 7, never))!;
  expect(found).toMatchObject({ property: 'quotes', measure: 'auc', count: 18, modelStep: 7, tokens: text.length });
  expect(found.leftOut).toEqual(["'Ω' (U+03A9)"]);
  const [best] = found.cells;
  const stretch = stretchOf(searched, { cell: best.name, from: found.from, length: 80 });
  expect(stretch.pieces.join('')).toBe(text.slice(found.from, found.from + 80));
  expect(new Set(stretch.labels)).toEqual(new Set([0, 1]));
  const held = await holdCell(searched, {
    ...{ cell: best.name, value: 5, prompt: 'tom Ω said', length: 30, temperature: 0.2, seed: 1 },
  });
  expect(held.prompt).toBe('tom  said');
  expect(held.after.loss).not.toBe(held.before.loss);
  expect(held.after.text).not.toBe(held.before.text);
  const end = stretchOf(searched, { cell: best.name, from: text.length - 10, length: 80 });
  expect(end.pieces).toHaveLength(10);
});

test('what cannot be is named, and a search that is called off ends', async () => {
  await expect(searchCells(model, { ...input, property: 'inside(' }, 0, never)).rejects.toThrow('column 8');
  await expect(searchCells(model, { ...input, text: 'tom' }, 0, never)).rejects.toThrow('longer text');
  expect(await searchCells(model, input, 0, AbortSignal.abort())).toBeNull();
});
