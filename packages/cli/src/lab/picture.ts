import { lineChart, type Series } from 'unrolled/charts';
import { median } from '../output/median.ts';
import type { CellResults, LabTable } from './events.ts';
import { nameOf } from './report.ts';

/**
 * Learning curves: each cell's median over seeds, shaded from the worst to the best, and the chance level.
 * @param command  that draws it again
 */
export function drawLab({ task, options, data, metric, cells }: LabTable, command: string): string {
  const curves = cells.filter(({ seeds }) => seeds.length > 0).map(curveOf);
  const last = Math.max(1, ...curves.flatMap(({ points }) => points.map(([step]) => step)));
  const chance = { name: 'chance', points: [0, last].map((step) => [step, metric.chance] as const) };
  // An error that falls towards 0 is drawn on a logarithmic axis.
  const falls = metric.better === 'lower' && metric.bar !== null;
  return lineChart({
    title: nameOf({ task, options, dataLabel: data }),
    description: `Medians over seeds on validation sequences, shaded from worst to best. Made by: ${command}`,
    x: { label: 'updates', from: 0 },
    y: { label: metric.name, scale: falls ? 'log' : 'linear' },
    series: [...curves, chance],
  });
}

function curveOf({ cell, seeds }: CellResults): Series {
  const steps = [...new Set(seeds.flatMap(({ validations }) => validations.map(({ step }) => step)))];
  const at = steps.sort((a, b) => a - b).map((step) => [step, ...spreadAt(seeds, step)] as const);
  return {
    name: cell,
    points: at.map(([step, middle]) => [step, middle] as const),
    band: at.map(([step, , low, high]) => [step, low, high] as const),
  };
}

/** Median, lowest and highest; a seed that has ended keeps its last value. */
function spreadAt(seeds: CellResults['seeds'], step: number): [median: number, low: number, high: number] {
  const values = seeds.flatMap(({ validations }) => validations.findLast((one) => one.step <= step)?.metric ?? []);
  return [median(values)!, Math.min(...values), Math.max(...values)];
}
