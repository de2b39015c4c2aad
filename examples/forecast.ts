// Forecasts two months of hourly demand, with a daily season and noise, against the seasonal-naive baseline: the value one day
// before. Each forecast is a distribution, so it has intervals.
//
//     node examples/forecast.ts

import { openDevice } from 'unrolled';
import {
  backtest,
  Forecaster,
  fitScaling,
  forecasterTraining,
  methodOf,
  rowsOf,
  seasonalNaive,
  seasonalSeries,
  splitSeries,
} from 'unrolled/tasks/forecast';
import { encodeCheckpoint, train } from 'unrolled/train';

const demand = seasonalSeries({ length: 60 * 24, seasons: [24], heights: [10], seed: 1 });
const rows = rowsOf({ demand });
const split = splitSeries(demand.length); // 70% training, 10% validation, 20% test, in the order of time
const [window, horizon] = [48, 12];

const device = await openDevice();
const scaling = fitScaling(rows, split.train, window);
const model = new Forecaster(device, scaling, { cell: 'gru', hidden: 16, layers: 1, dropout: 0, window, horizon });
const task = forecasterTraining(model, { demand }, { split, batch: 32, seed: 1 });

let bytes = new Uint8Array();
const options = { optimizer: { method: 'adam' }, learningRate: 5e-3, schedule: 'cosine', steps: 300 } as const;
for await (const event of train(task, { ...options, validateEvery: 100 })) {
  if (event.type === 'checkpoint' && event.best) bytes = encodeCheckpoint(event.checkpoint);
}

// A back-test: every twelve hours of the test part, the next twelve are forecast.
const settings = { window, horizon, split, targets: ['demand'], season: 24 };
const forecaster = Forecaster.load(device, bytes);
const methods = [seasonalNaive(rows, 24, settings), methodOf(forecaster, 'network')];
for (const { method, mae, intervals } of await backtest(rows, methods, settings)) {
  const inside = `${Math.round(100 * intervals[0].coverage)}% within 80% intervals`;
  console.log(`${method.padEnd(15)} MAE ${mae.toFixed(2)}, ${inside}`);
}

// The next hours.
const [next] = await forecaster.forecast(demand);
const { lower, upper } = next.interval(0.8);
next.values.forEach((value, h) => {
  console.log(`hour ${h + 1}: ${value.toFixed(1)}, between ${lower[h].toFixed(1)} and ${upper[h].toFixed(1)}`);
});
device.close();
