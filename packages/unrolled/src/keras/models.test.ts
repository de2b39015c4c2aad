import { expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import {
  attentionPooling,
  bidirectional,
  dense,
  earlyStopping,
  embedding,
  lstm,
  NumberArray,
  sequential,
} from './index.ts';

const device = await openDevice('wasm', { threads: 1 });

/** Sequences of ids padded with 0 in front, and whether there are more ids above 10 than below. */
function reviews(count: number, steps = 12): { x: number[][]; y: number[] } {
  let state = 7;
  const next = (n: number): number => {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    return Math.floor((state / 0x7fffffff) * n);
  };
  const x = Array.from({ length: count }, () => {
    const length = 3 + next(steps - 3);
    return [...new Array<number>(steps - length).fill(0), ...Array.from({ length }, () => 1 + next(20))];
  });
  const y = x.map((row) => {
    const balance = row.reduce((sum, id) => sum + (id === 0 ? 0 : id > 10 ? 1 : -1), 0);
    return balance > 0 ? 2 : balance < 0 ? 0 : 1;
  });
  return { x, y };
}

test('the model of the first page trains on arrays, stops early and predicts', async () => {
  const { x, y } = reviews(400);
  const model = sequential(
    [
      embedding({ inputDim: 21, outputDim: 8, maskZero: true }),
      bidirectional(lstm({ units: 8, returnSequences: true })),
      attentionPooling(),
      dense({ units: 3, activation: 'softmax' }),
    ],
    { device, seed: 1 },
  );
  model.compile({
    optimizer: { name: 'adam', learningRate: 0.01 },
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy'],
  });
  const lines: string[] = [];
  const { history } = await model.fit(x, y, {
    epochs: 6,
    batchSize: 32,
    validationSplit: 0.1,
    callbacks: [earlyStopping({ patience: 2, restoreBestWeights: true })],
    verbose: 2,
    log: (line) => lines.push(line),
  });
  expect(Object.keys(history)).toEqual(['loss', 'accuracy', 'val_loss', 'val_accuracy']);
  expect(history.loss.at(-1)!).toBeLessThan(history.loss[0] / 2);
  expect(lines).toHaveLength(history.loss.length);
  const scores = await model.evaluate(x, y, { batchSize: 64 });
  expect(scores.accuracy).toBeGreaterThan(0.85);
  const predicted = await model.predict(x.slice(0, 5));
  expect(predicted).toBeInstanceOf(NumberArray);
  expect(predicted.shape).toEqual([5, 3]);
  const text = model.summary({ printFn: null });
  expect(text).toContain('bidirectional (bidirectional)');
  expect(text).toContain(
    `Total parameters: ${(21 * 8 + 2 * (8 * 32 + 8 * 32 + 32) + (16 * 16 + 16 + 16) + (16 * 3 + 3)).toLocaleString('en')}`,
  );
});
