// The generated series of docs/forecast.md, as tables with a column of times:
//
//     node tools/forecast-series.ts seasonal > seasonal.csv
//     node tools/forecast-series.ts mackey-glass > mackey-glass.csv
//     node tools/forecast-series.ts noisy-mackey-glass > noisy-mackey-glass.csv

import { mackeyGlass, seasonalSeries } from 'unrolled/tasks/forecast';

const hour = 3_600_000;
const from = Date.UTC(2024, 0, 1);

const series: Readonly<Record<string, () => string[]>> = {
  seasonal: () => {
    const demand = seasonalSeries({ length: 4000, seed: 1 });
    const at = (t: number): string => new Date(from + t * hour).toISOString().slice(0, 16).replace('T', ' ');
    return ['time,demand', ...Array.from(demand, (value, t) => `${at(t)},${value.toFixed(3)}`)];
  },
  'mackey-glass': () => numbered(mackeyGlass({ length: 5000, seed: 1 })),
  'noisy-mackey-glass': () => numbered(mackeyGlass({ length: 5000, noise: 0.03, seed: 1 })),
};

function numbered(values: Float64Array): string[] {
  return ['time,x', ...Array.from(values, (value, t) => `${t},${value.toFixed(6)}`)];
}

const lines = series[process.argv[2]]?.();
if (lines) process.stdout.write(`${lines.join('\n')}\n`);
else {
  process.stderr.write(`name a series: ${Object.keys(series).join(', ')}\n`);
  process.exitCode = 2;
}
