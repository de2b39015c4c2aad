import { openDevice } from 'unrolled';
import { LanguageModel, tokenizerFor } from 'unrolled/tasks/language-model';
import { afterAll, describe, expect, test } from 'vitest';
import type { WeightsApart } from '../protocol.ts';
import { seeGradients, takeApart } from './gradients.ts';

const device = await openDevice('reference');
afterAll(() => device.close());
const text = 'hello, hollow';
const modelOf = (cell: string, layers = 1, hidden = 6): LanguageModel =>
  new LanguageModel(device, tokenizerFor('char', text), { cell, hidden, layers, embedding: 3, dropout: 0 }, 7);

test('the gradient of a fresh simple cell falls with the lag, and the picture has every t and k', async () => {
  const seen = await seeGradients(modelOf('rnn'), { text, lags: 20 }, 3);
  const [{ norms, mean, verdict }] = seen.layers;
  expect(norms).toHaveLength(seen.positions.length * 21);
  expect(mean[20]).toBeLessThan(mean[0] / 100);
  for (let k = 2; k <= 20; k++) expect(mean[k]).toBeLessThan(mean[k - 2]);
  expect(verdict).toMatch(/^vanishes: /);
  expect(seen.step).toBe(3);
});

describe.each([
  ['rnn', ['W_hh']],
  ['lstm', ['W_hi', 'W_hf', 'W_hg', 'W_ho']],
] as const)('%s', (cell, names) => {
  test('has a spectrum for each gate of each layer, and the gates’ shares add up to 1', async () => {
    const { weights, gates } = await seeGradients(modelOf(cell, 2), { text, lags: 5 }, 0);
    expect(weights.map(({ layer, name }) => `${layer} ${name}`)).toEqual(
      [0, 1].flatMap((layer) => names.map((name) => `${layer} ${name}`)),
    );
    for (const { singularValues, eigenvalues } of weights) {
      expect(eigenvalues).toHaveLength(6);
      const radius = Math.max(...eigenvalues.map(({ re, im }) => Math.hypot(re, im)));
      expect(radius).toBeLessThanOrEqual(singularValues[0] * (1 + 1e-9));
    }
    for (const { shares } of gates) expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 9);
  });
});

test('large weights are taken apart when they are asked for, of one layer, gate by gate', async () => {
  const model = modelOf('gru', 2, 162);
  const { weights, blocks } = await seeGradients(model, { text, lags: 2 }, 5);
  expect(weights).toEqual([]);
  const names = ['W_hr', 'W_hz', 'W_hn'];
  expect(blocks).toEqual([0, 1].flatMap((layer) => names.map((name) => ({ layer, name }))));
  const parts: WeightsApart[] = [];
  const apart = await takeApart(model, { layer: 1 }, 5, (part) => parts.push(part));
  expect(parts.map((part) => part.weights.length)).toEqual([1, 2, 3]);
  expect(parts.at(-1)).toEqual(apart);
  expect(apart.weights.map(({ layer, name }) => `${layer} ${name}`)).toEqual(names.map((name) => `1 ${name}`));
  expect(apart.weights[0].eigenvalues).toHaveLength(162);
});

test('a text of unknown characters alone is an error', async () => {
  await expect(seeGradients(modelOf('rnn'), { text: 'ßß', lags: 5 }, 0)).rejects.toThrow('no character');
});
