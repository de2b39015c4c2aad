import { describe, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { type Loss, type MetricSource, NumberArray } from './index.ts';
import { lossFrom } from './training/losses.ts';
import { metricFrom } from './training/metrics.ts';

const device = await openDevice('reference');
const log = Math.log;

describe('losses of one sample by their formulas', () => {
  const y = [1, 0, 0];
  const p = [0.7, 0.2, 0.1];
  const mean = (of: (y: number, p: number) => number): number => y.reduce((sum, one, i) => sum + of(one, p[i]), 0) / 3;
  const length = (x: readonly number[]): number => Math.hypot(...x);
  const cases: readonly (readonly [Loss, number])[] = [
    ['mse', mean((a, b) => (a - b) ** 2)],
    ['mae', mean((a, b) => Math.abs(a - b))],
    ['msle', mean((a, b) => (log(1 + Math.max(a, 1e-7)) - log(1 + b)) ** 2)],
    ['mape', 100 * mean((a, b) => Math.abs(a - b) / Math.max(a, 1e-7))],
    ['cosineSimilarity', -0.7 / length(p)],
    [
      { name: 'huber', delta: 0.25 },
      mean((a, b) => (Math.abs(a - b) <= 0.25 ? 0.5 * (a - b) ** 2 : 0.25 * Math.abs(a - b) - 0.5 * 0.0625)),
    ],
    ['logCosh', mean((a, b) => log(Math.cosh(b - a)))],
    ['binaryCrossentropy', -mean((a, b) => a * log(b) + (1 - a) * log(1 - b))],
    [
      { name: 'binaryCrossentropy', labelSmoothing: 0.2 },
      -mean((a, b) => (0.8 * a + 0.1) * log(b) + (0.9 - 0.8 * a) * log(1 - b)),
    ],
    [{ name: 'binaryFocalCrossentropy', gamma: 2 }, -mean((a, b) => (a ? (1 - b) ** 2 * log(b) : b ** 2 * log(1 - b)))],
    ['categoricalCrossentropy', -log(0.7)],
    [{ name: 'categoricalCrossentropy', labelSmoothing: 0.3 }, -(0.8 * log(0.7) + 0.1 * log(0.2) + 0.1 * log(0.1))],
    ['categoricalFocalCrossentropy', -0.25 * 0.09 * log(0.7)],
    ['poisson', mean((a, b) => b - a * log(b + 1e-7))],
    ['klDivergence', [1, 1e-7, 1e-7].reduce((sum, a, i) => sum + a * log(a / p[i]), 0)],
    ['hinge', mean((a, b) => Math.max(0, 1 - (a ? 1 : -1) * b))],
    ['squaredHinge', mean((a, b) => Math.max(0, 1 - (a ? 1 : -1) * b) ** 2)],
    ['categoricalHinge', Math.max(0, 0.2 - 0.7 + 1)],
    ['dice', 1 - 0.7 / (0.7 + 0.5 * 0.3 + 0.5 * 0.3)],
    [{ name: 'tversky', alpha: 0.2, beta: 0.8 }, 1 - 0.7 / (0.7 + 0.2 * 0.3 + 0.8 * 0.3)],
  ];
  test.each(cases)('%o', async (loss, expected) => {
    const [values] = await device.read(() => [lossFrom('test', loss).of(device.tensor([y]), device.tensor([p]))]);
    expect(values[0]).toBeCloseTo(expected, 5);
  });

  test('sparse, of probabilities and of logits', async () => {
    const ids = device.ids([2]);
    const of = async (loss: Loss, values: readonly number[]) =>
      (await device.read(() => [lossFrom('test', loss).of(ids, device.tensor([values]))]))[0][0];
    expect(await of('sparseCategoricalCrossentropy', p)).toBeCloseTo(-log(0.1), 6);
    const logits = [1, 2, 3];
    const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
    expect(await of({ name: 'sparseCategoricalCrossentropy', fromLogits: true }, logits)).toBeCloseTo(
      log(total) - 3,
      6,
    );
  });
});

describe('metrics over two batches', () => {
  const run = async (source: MetricSource, y: number[][], p: number[][], takesIds = false): Promise<number> => {
    const metric = metricFrom(source, { takesIds, width: p[0].length });
    metric.reset();
    const flat = metric.takesIds ? y.map(([one]) => one) : y;
    for (const [start, end] of [
      [0, 2],
      [2, y.length],
    ]) {
      const target = flat.slice(start, end);
      const [data] = await device.read(() => [
        metric.prepare(
          (metric.takesIds ? device.ids(target as number[]) : device.tensor(target as number[][])) as never,
          device.tensor(p.slice(start, end)),
        ),
      ]);
      const tensor = metric.prepare(
        (metric.takesIds ? device.ids(target as number[]) : device.tensor(target as number[][])) as never,
        device.tensor(p.slice(start, end)),
      );
      const shape = metric.takesIds ? [end - start] : [end - start, y[0].length];
      metric.update({ data, shape: tensor.shape }, new NumberArray(target.flat(), shape), null);
    }
    return metric.result();
  };
  const y = [[1], [0], [1], [1], [0]];
  const p = [[0.9], [0.6], [0.4], [0.8], [0.1]];
  // At ½: true positives 2, false positives 1, false negatives 1, true negatives 1.
  test.each([
    ['accuracy', 3 / 5],
    [{ name: 'binaryAccuracy', threshold: 0.7 }, 4 / 5],
    ['precision', 2 / 3],
    ['recall', 2 / 3],
    [{ name: 'recall', threshold: 0.3 }, 1],
    ['truePositives', 2],
    ['falsePositives', 1],
    ['trueNegatives', 1],
    ['falseNegatives', 1],
    [{ name: 'f1Score', threshold: 0.5 }, 2 / 3],
    [{ name: 'fBetaScore', threshold: 0.5, beta: 2 }, (5 * 2) / (5 * 2 + 4 * 1 + 1)],
    ['binaryIoU', (2 / 4 + 1 / 3) / 2],
    // Of six pairs of a positive and a negative, five are in order.
    ['auc', 5 / 6],
    ['rootMeanSquaredError', Math.sqrt((0.01 + 0.36 + 0.36 + 0.04 + 0.01) / 5)],
    ['r2Score', 1 - 0.78 / (3 - 9 / 5)],
    ['mae', (0.1 + 0.6 + 0.6 + 0.2 + 0.1) / 5],
    [{ name: 'sensitivityAtSpecificity', specificity: 0.5 }, 2 / 3 + 1 / 3],
    [{ name: 'recallAtPrecision', precision: 1 }, 2 / 3],
  ] as const)('%o', async (source, expected) => {
    expect(await run(source as MetricSource, y, p)).toBeCloseTo(expected, 2);
  });

  const ids = [[2], [0], [1]];
  const scores = [
    [0.1, 0.2, 0.7],
    [0.4, 0.5, 0.1],
    [0.3, 0.1, 0.6],
  ];
  const hot = ids.map(([id]) => [0, 1, 2].map((one) => Number(one === id)));
  test.each([
    ['accuracy', ids, 1 / 3],
    [{ name: 'sparseTopKCategoricalAccuracy', k: 2 }, ids, 2 / 3],
    ['categoricalAccuracy', hot, 1 / 3],
    [{ name: 'topKCategoricalAccuracy', k: 2 }, hot, 2 / 3],
    [{ name: 'meanIoU', numClasses: 3 }, ids, (1 / 2 + 0 + 0) / 3],
    [{ name: 'f1Score', average: 'micro' }, hot, 1 / 3],
  ] as const)('%o of classes', async (source, targets, expected) => {
    expect(await run(source as MetricSource, targets as never, scores, targets === ids)).toBeCloseTo(expected, 9);
  });
});
