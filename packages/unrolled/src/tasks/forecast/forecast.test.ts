import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { gradientError } from '../../autodiff/check.ts';
import { openDevice } from '../../device.ts';
import { DataError, FormatError } from '../../errors.ts';
import { cellNames } from '../../nn/index.ts';
import { inference } from '../../nn/layer.ts';
import { encodeCheckpoint } from '../../train/checkpoint.ts';
import type { TrainEvent } from '../../train/events.ts';
import type { TrainOptions } from '../../train/options.ts';
import { train } from '../../train/train.ts';
import {
  Forecaster,
  type ForecasterConfig,
  fitScaling,
  forecasterTraining,
  linearAutoregression,
  mackeyGlass,
  originsOf,
  rowsOf,
  type Series,
  seasonalNaive,
  splitSeries,
  windowsAt,
} from './index.ts';

const reference = await openDevice('reference');
const devices = [
  ['reference', reference],
  ['wasm', await openDevice('wasm', { threads: 1 })],
  ['wasm on two threads', await openDevice('wasm', { threads: 2 })],
] as const;
afterAll(() => {
  for (const [, device] of devices) device.close();
});

const steps = Array.from({ length: 90 }, (_, t) => t);
const series: Series = {
  waves: steps.map((t) => 20 + 3 * Math.sin(t / 2)),
  mixed: steps.map((t) => t / 10 + Math.cos(t / 3)),
};
const config: ForecasterConfig = { cell: 'gru', hidden: 6, layers: 2, dropout: 0.2, window: 9, horizon: 3 };
const split = splitSeries(90);

function newForecaster(more: Partial<ForecasterConfig> = {}, device = reference): Forecaster {
  const rows = rowsOf(series);
  return new Forecaster(device, fitScaling(rows, split.train, config.window), { ...config, ...more }, 4);
}

/** A linear part that is not zero, so that there is something to see of it. */
function stirred(forecaster: Forecaster): Forecaster {
  const { parameters, device } = forecaster;
  const values = parameters.values.data().map((value, i) => value + 0.1 * Math.sin(i));
  device.backend.write(parameters.values, values);
  return forecaster;
}

const options: TrainOptions = { optimizer: { method: 'adam' }, learningRate: 5e-3, steps: 12, validateEvery: 6 };

async function eventsOf(forecaster: Forecaster, more: Partial<TrainOptions> = {}): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  const task = forecasterTraining(forecaster, series, { split, batch: 8, seed: 2 });
  for await (const event of train(task, { ...options, ...more })) events.push(event);
  return events;
}

const tail = (from: number, to: number): Series =>
  Object.fromEntries(Object.entries(series).map(([name, column]) => [name, Array.from(column).slice(from, to)]));

describe.each(devices)('on %s', (_, device) => {
  test.each([
    ['gru', 'gaussian', 'window'],
    ['lstm', 'quantiles', 'training'],
    ['mut1', 'gaussian', 'training'],
  ] as const)(
    'a forecast does not depend on the rest of its batch: %s, %s, from the %s',
    async (cell, output, centre) => {
      const forecaster = stirred(newForecaster({ cell, output, centre, targets: ['mixed'] }, device));
      await fc.assert(
        fc.asyncProperty(fc.array(fc.integer({ min: 9, max: 90 }), { minLength: 1, maxLength: 20 }), async (ends) => {
          const histories = ends.map((end) => tail(0, end));
          const alone = await Promise.all(histories.map((history) => forecaster.forecast(history)));
          expect(await forecaster.predict(histories)).toEqual(alone);
        }),
        { numRuns: 8 },
      );
    },
  );
});

describe('a forecaster', () => {
  test.each(['gaussian', 'quantiles'] as const)(
    'has a loss whose gradient is that of central differences: %s',
    async (output) => {
      const forecaster = stirred(newForecaster({ output, dropout: 0, hidden: 3 }));
      const windows = windowsAt(rowsOf(series), config, [9, 31, 50]);
      const { parameters } = forecaster;
      const names = [...parameters].filter(({ name }) => /output|linear|bias_hh_l0/.test(name));
      const error = await gradientError(
        names.map(({ value }) => value),
        (values) => {
          names.forEach((parameter, i) => {
            parameter.value = values[i];
          });
          return forecaster.loss(windows, inference);
        },
      );
      expect(error).toBeLessThan(1e-6);
    },
  );

  test('reads only the last window of a history', async () => {
    const forecaster = stirred(newForecaster());
    expect(await forecaster.forecast(tail(70, 90))).toEqual(await forecaster.forecast(series));
    expect(await forecaster.forecast(tail(81, 90))).toEqual(await forecaster.forecast(series));
    expect(await forecaster.forecast(tail(80, 89))).not.toEqual(await forecaster.forecast(series));
  });

  test('centred on the window, is equivariant to shifts and units of the series', async () => {
    const forecaster = stirred(newForecaster());
    const moved = { ...series, waves: Array.from(series.waves, (x) => x + 5000) };
    const [[before], [after]] = await forecaster.predict([series, moved]);
    after.values.forEach((value, h) => {
      expect(value - 5000).toBeCloseTo(before.values[h], 6);
    });
    const scaled = { ...series, waves: Array.from(series.waves, (x) => 1e6 * x) };
    const other = new Forecaster(reference, fitScaling(rowsOf(scaled), split.train, config.window), config, 4);
    stirred(other);
    (await other.forecast(scaled))[0].values.forEach((value, h) => {
      expect(value / 1e6).toBeCloseTo(before.values[h], 6);
    });
  });

  test('by quantiles gives bounds in order', async () => {
    const [forecast] = await stirred(newForecaster({ output: 'quantiles' })).forecast(series);
    const interval = (level: number) => forecast.interval(level);
    const bounds = [interval(0.95).lower, interval(0.8).lower, interval(0.5).lower, interval(0.5).upper];
    for (let h = 0; h < 3; h++) {
      const column = bounds.map((bound) => bound[h]);
      expect(column).toEqual(column.toSorted((a, b) => a - b));
    }
    expect(() => interval(0.9)).toThrow('no interval of 0.9; it has 0.5, 0.8, 0.95');
  });

  test('takes one column as plain numbers', async () => {
    const { waves } = series;
    const rows = rowsOf({ waves });
    const one = new Forecaster(reference, fitScaling(rows, split.train, config.window), config, 1);
    expect(await one.forecast(waves)).toEqual(await one.forecast({ waves }));
    expect(await one.forecast(Float64Array.from(waves))).toEqual(await one.forecast({ waves }));
    await expect(newForecaster().forecast(waves)).rejects.toThrow('reads waves, mixed; give each by its name');
  });

  test.each<[string, Series, string]>([
    ['that is too short', tail(0, 8), 'has 8 steps, the model reads 9'],
    ['without a column', { waves: series.waves }, "no column 'mixed'"],
    [
      'with a gap',
      { ...series, mixed: Array.from(series.mixed, (x, t) => (t === 85 ? Number.NaN : x)) },
      'position 85',
    ],
    ['with columns of two lengths', { waves: [1, 2, 3], mixed: [1, 2] }, "'mixed' has 2 numbers, 'waves' has 3"],
  ])('refuses a history %s', async (_, history, message) => {
    await expect(newForecaster().forecast(history)).rejects.toThrow(DataError);
    await expect(newForecaster().forecast(history)).rejects.toThrow(message);
  });

  test.each<[Partial<ForecasterConfig>, string]>([
    [{ window: 0 }, 'window must be a whole number from 1, received 0'],
    [{ horizon: 1.5 }, 'horizon must be a whole number from 1, received 1.5'],
    [{ targets: ['other'] }, "no column 'other' to forecast; the columns are waves, mixed"],
    [{ output: 'quantiles', quantiles: [0.1, 0.9] }, 'with 0.5 among them, received [0.1, 0.9]'],
    [{ cell: 'grue' }, "unknown cell 'grue'"],
    [{ dropout: Number.NaN }, 'dropout must be a number in [0, 1), received NaN'],
    [{ output: 'gauss' as 'gaussian' }, "output must be 'gaussian' or 'quantiles', received 'gauss'"],
    [{ horizen: 3 } as never, "unknown option 'horizen'; did you mean 'horizon'?"],
  ])('refuses %o', (more, message) => {
    expect(() => newForecaster(more)).toThrow(message);
  });

  test('refuses windows and series it cannot read', async () => {
    const forecaster = newForecaster();
    await expect(forecaster.predictWindows([new Float64Array(17)])).rejects.toThrow(
      'a window must have [9, 2] numbers, 18 in all, received 17',
    );
    await expect(forecaster.forecast('1, 2' as never)).rejects.toThrow(
      "takes columns by name, or an array of numbers, received '1, 2'",
    );
    const series = tail(0, 40);
    const split = splitSeries(40);
    expect(() => forecasterTraining(forecaster, series, { split, batch: 0, seed: 1 })).toThrow(
      'batch must be a whole number from 1',
    );
    expect(() => forecasterTraining(forecaster, series, { split, batch: 4, seed: 1, steps: 9 } as never)).toThrow(
      "unknown option 'steps'",
    );
    expect(() => fitScaling(rowsOf(series), 41, 9)).toThrow('end must be a whole number from 0 to 40, received 41');
    expect(() => fitScaling(rowsOf(series), 40, 1.5)).toThrow('steps must be a whole number from 1');
    expect(() => splitSeries(Number.NaN)).toThrow('length must be a whole number from 0, received NaN');
    expect(() => splitSeries(9, { tests: 0.1 } as never)).toThrow("did you mean 'test'?");
    expect(() => mackeyGlass({ length: 9, seed: 1.5 })).toThrow('seed must be a whole number');
    expect(() => mackeyGlass({ length: 9, seed: 1, tau: 30 } as never)).toThrow("unknown option 'tau'");
    const settings = { ...{ window: 9, horizon: 3, split }, targets: ['other'] };
    expect(() => seasonalNaive(rowsOf(series), 1, settings)).toThrow("no column 'other'; the columns are waves, mixed");
    expect(() => linearAutoregression(rowsOf(series), settings)).toThrow("no column 'other'");
  });

  test('has parameters under the names of PyTorch', () => {
    const { names } = newForecaster({ layers: 1 }).parameters;
    expect(names).toEqual([
      ...['gru.weight_ih_l0', 'gru.weight_hh_l0', 'gru.bias_ih_l0', 'gru.bias_hh_l0'],
      ...['linear.weight', 'output.weight', 'output.bias'],
    ]);
    expect(newForecaster({ linear: false }).parameters.names).not.toContain('linear.weight');
  });

  test.each(cellNames)('learns with every cell: %s', async (cell) => {
    const events = await eventsOf(newForecaster({ cell, hidden: 4, layers: 1 }), { steps: 2 });
    expect(events.at(-1)).toMatchObject({ type: 'done', reason: 'finished' });
  });
});

describe('training', () => {
  const lastCheckpoint = (events: readonly TrainEvent[]) =>
    events.findLast((event) => event.type === 'checkpoint')!.checkpoint;

  test('uses nothing after the training part', async () => {
    const changed = Object.fromEntries(
      Object.entries(series).map(([name, column]) => [
        name,
        Array.from(column, (x, t) => (t < split.train ? x : 1e6 - x)),
      ]),
    );
    const [one, other] = await Promise.all(
      [series, changed].map(async (some) => {
        const scaling = fitScaling(rowsOf(some), split.train, config.window);
        const forecaster = new Forecaster(reference, scaling, config, 4);
        const task = forecasterTraining(forecaster, some, { split, batch: 8, seed: 2 });
        for await (const _ of train(task, { ...options, validateEvery: 0 }));
        return { scaling, values: forecaster.parameters.values.data() };
      }),
    );
    expect(other).toEqual(one);
  });

  test('validates on forecasts that begin and end within the validation part', () => {
    expect(
      originsOf(config, 0, split.train)
        .map((origin) => [origin - 9, origin + 3])
        .at(0),
    ).toEqual([0, 12]);
    expect(originsOf(config, 0, split.train).at(-1)! + 3).toBe(split.train);
    const held = originsOf(config, split.train, split.validation);
    expect([held[0], held.at(-1)! + 3]).toEqual([split.train, split.validation]);
  });

  test('resumes from a checkpoint to the same bits', async () => {
    const whole = lastCheckpoint(await eventsOf(newForecaster()));
    const half = lastCheckpoint(await eventsOf(newForecaster(), { steps: 5 }));
    const resumed = lastCheckpoint(await eventsOf(newForecaster(), { resume: half }));
    expect(resumed.parameters).toEqual(whole.parameters);
    expect(resumed.model).toEqual(whole.model);
  });

  test('leaves a checkpoint that forecasts as the model does', async () => {
    const forecaster = newForecaster({ output: 'quantiles' });
    const file = encodeCheckpoint(lastCheckpoint(await eventsOf(forecaster)));
    const forecasts = await forecaster.forecast(series);
    expect(await Forecaster.load(reference, file).forecast(series)).toEqual(forecasts);
    expect(await Forecaster.load(reference, file.buffer).forecast(series)).toEqual(forecasts);
    expect(() => Forecaster.load(reference, file.subarray(0, 99))).toThrow(FormatError);
    const other = encodeCheckpoint({ ...lastCheckpoint(await eventsOf(forecaster)), model: { task: 'classify' } });
    expect(() => Forecaster.load(reference, other)).toThrow("holds a model of task 'classify', not 'forecast'");
  });

  test('reports mean error and coverage at each validation', async () => {
    const validations = (await eventsOf(newForecaster())).filter((event) => event.type === 'validation');
    for (const { metrics } of validations) {
      expect(metrics!.mae).toBeGreaterThan(0);
      expect(metrics!.coverage80).toBeGreaterThanOrEqual(0);
      expect(metrics!.coverage80).toBeLessThanOrEqual(1);
    }
    expect(validations).toHaveLength(2);
  });

  test('widens intervals to their nominal coverage, and never narrows them', async () => {
    const forecaster = stirred(newForecaster({ targets: ['waves'] }));
    const windows = windowsAt(rowsOf(series), config, originsOf(config, 0, 90));
    await forecaster.calibrate(windows);
    const forecasts = await forecaster.predictWindows(windows.map(({ history }) => history));
    const inside = windows.flatMap(({ future }, i) => {
      const { lower, upper } = forecasts[i][0].interval(0.8);
      return Array.from(forecaster.futureOf('waves', future), (y, h) => Number(lower[h] <= y && y <= upper[h]));
    });
    const share = inside.reduce((a, b) => a + b, 0) / inside.length;
    expect(share).toBeGreaterThanOrEqual(0.8);
    const [factor] = forecaster.describe().calibration;
    if (factor > 1) expect(share).toBeLessThan(0.82);
  });

  test.each([1e-20, 1, 1e20])('scales numbers of any size: %d', (unit) => {
    const [column] = fitScaling(rowsOf({ y: [1, 2, 3, 4].map((x) => x * unit) }), 4, 2).columns;
    expect(column.deviation / unit).toBeCloseTo(Math.sqrt(1.25), 12);
    expect(column.windowDeviation / unit).toBeCloseTo(0.5, 12);
    const constant = fitScaling(rowsOf({ y: new Array(40).fill(unit / 3) }), 40, 7).columns[0];
    expect(constant).toMatchObject({ deviation: 1, windowDeviation: 1 });
  });

  test('refuses numbers that cannot be squared', () => {
    expect(() => fitScaling(rowsOf({ y: [1e200, -1e200] }), 2, 1)).toThrow("'y' are too large");
  });

  test('a series that is too short for a window is refused with the numbers', () => {
    const short = tail(0, 12);
    const forecaster = newForecaster();
    expect(() => forecasterTraining(forecaster, short, { split: splitSeries(12), batch: 4, seed: 1 })).toThrow(
      'the training part has 8 steps, too few to read 9 and forecast 3',
    );
    expect(() => fitScaling(rowsOf(short), 8, 9)).toThrow('the training part has 8 steps, a window 9');
  });

  test('learns a curve that no linear forecast follows', async () => {
    const y = mackeyGlass({ length: 700, seed: 3 });
    const rows = rowsOf({ y });
    const parts = splitSeries(700);
    const sizes = { window: 24, horizon: 8 };
    const device = devices[1][1];
    const forecaster = new Forecaster(device, fitScaling(rows, parts.train, 24), {
      ...sizes,
      ...{ cell: 'gru', hidden: 16, layers: 1, dropout: 0 },
    });
    const task = forecasterTraining(forecaster, { y }, { split: parts, batch: 32, seed: 1 });
    const losses: number[] = [];
    for await (const event of train(task, { ...options, steps: 400, validateEvery: 400, learningRate: 1e-2 })) {
      if (event.type === 'validation') losses.push(event.metrics!.mae);
    }
    // The series goes up and down by 0.23 on average.
    expect(losses.at(-1)).toBeLessThan(0.04);
  });
});
