import { openDevice } from 'unrolled';
import { LanguageModel, tokenizerFor } from 'unrolled/tasks/language-model';
import { afterAll, describe, expect, test } from 'vitest';
import type { Place } from '../protocol.ts';
import { productOf } from './product.ts';
import { readText } from './unrolling.ts';

const device = await openDevice('reference');
afterAll(() => device.close());
const text = 'hello, hollow';
const tokenizer = tokenizerFor('char', text);
const modelOf = (cell: string, layers = 2): LanguageModel =>
  new LanguageModel(device, tokenizer, { cell, hidden: 5, layers, embedding: 3, dropout: 0.3 }, 7);

const functions: Readonly<Record<string, (sum: number) => number>> = {
  '': (sum) => sum,
  tanh: Math.tanh,
  relu: (sum) => Math.max(0, sum),
  σ: (sum) => 1 / (1 + Math.exp(-sum)),
};

describe.each(['rnn', 'irnn', 'lstm', 'gru'])('%s', async (cell) => {
  const read = await readText(modelOf(cell), { text, truncation: 4, lossAt: null }, 0);
  const { unrolling } = read;

  test('every number of its layers is what its product says', () => {
    for (const [layer, parts] of unrolling.layers.entries()) {
      for (const part of parts) {
        for (const t of [0, 1, 7, text.length - 1]) {
          for (const unit of [0, part.size - 1]) {
            const place: Place = { t, layer, part: part.name, unit, gradient: false };
            const { value, sum, activation, terms } = productOf(read, place);
            expect(terms.length, part.name).toBeGreaterThan(0);
            expect(value).toBeCloseTo(part.values[t * part.size + unit], 6);
            expect(functions[activation](sum), `${part.name} of layer ${layer} at ${t}`).toBeCloseTo(value, 5);
          }
        }
      }
    }
  });

  test('chances are the softmax of their products', () => {
    const V = tokenizer.size;
    const sums = Array.from({ length: V }, (_, unit) => {
      return Math.exp(productOf(read, { t: 3, layer: 2, part: 'p', unit, gradient: false }).sum);
    });
    const total = sums.reduce((sum, one) => sum + one, 0);
    sums.forEach((sum, unit) => {
      expect(sum / total).toBeCloseTo(unrolling.probabilities[3 * V + unit], 5);
    });
  });

  test('the way back reaches to the beginning of its chunk and no further', async () => {
    const { unrolling: one } = await readText(modelOf(cell), { text, truncation: 4, lossAt: 6 }, 0);
    const h = one.layers[1].find(({ name }) => name === 'h')!;
    const reached = Array.from({ length: text.length }, (_, t) =>
      h.gradients!.subarray(t * 5, t * 5 + 5).some((value) => Math.abs(value) > 0),
    );
    expect(reached).toEqual(Array.from({ length: text.length }, (_, t) => t >= 4 && t <= 6));
  });

  test('the values do not depend on where the way back is cut', async () => {
    const { unrolling: whole } = await readText(modelOf(cell), { text, truncation: 0, lossAt: null }, 0);
    whole.layers.forEach((parts, layer) => {
      parts.forEach(({ values }, index) => {
        values.forEach((value, i) => {
          expect(unrolling.layers[layer][index].values[i]).toBeCloseTo(value, 6);
        });
      });
    });
    expect(whole.truncation).toBe(0);
  });
});

test('the gradient of the simple cell is the sum of its products', async () => {
  const read = await readText(modelOf('rnn', 1), { text, truncation: 5, lossAt: null }, 0);
  for (let t = 0; t < text.length; t++) {
    for (let unit = 0; unit < 5; unit++) {
      const { value, sum } = productOf(read, { t, layer: 0, part: 'h', unit, gradient: true });
      if (t < text.length - 1) expect(sum, `step ${t}`).toBeCloseTo(value, 5);
    }
  }
});

test('a character the model does not know is left out and named; a text of such alone is an error', async () => {
  const { unrolling } = await readText(modelOf('gru'), { text: 'heßl', truncation: 0, lossAt: 0 }, 3);
  expect(unrolling.tokens).toEqual(['h', 'e', 'l']);
  expect(unrolling.leftOut).toEqual(["'ß' (U+00DF)"]);
  expect(unrolling.step).toBe(3);
  await expect(readText(modelOf('gru'), { text: 'ßß', truncation: 0, lossAt: 0 }, 0)).rejects.toThrow('no character');
});
