import { type GateStatistics, spectralRadius } from 'unrolled/inspect';
import { table } from '../output/table.ts';
import { countOf, formatCount } from '../output/units.ts';
import type { Clipping } from './clipping.ts';
import { type GradientReport, layerName } from './report.ts';

/** The report for people, in tables. */
export function describeGradients(report: GradientReport, clipping: Clipping | null): string {
  const { layers } = report;
  const sections = [
    layers.map(({ name, verdict }) => `${name} ${verdict.replaceAll('; ', ';\n   ')}`).join('\n'),
    `Norm of the gradient k steps before the loss, mean of ${formatCount(report.positions.length * report.rows)} losses\n${normTable(report)}`,
    `${sparklines(report)}\n${scaleLine(report)}`,
  ];
  if (report.weights.length > 0) {
    const rows = report.weights.map((weight) => [
      `${layerName(weight)} ${weight.gate}`,
      decimal(weight.singularValues[0]),
      decimal(weight.singularValues.at(-1)!),
      decimal(spectralRadius(weight)),
    ]);
    sections.push(lines(['W_hh', 'σ largest', 'σ smallest', '|λ| largest'], rows));
  }
  if (report.jacobians.length > 0) {
    const rows = report.jacobians.map(({ layer, reverse, size, steps, products }) => {
      const last = products.at(-1);
      return [
        layerName({ layer, reverse }),
        String(size),
        decimal(mean(steps.map(({ singularValues }) => singularValues[0]))),
        decimal(mean(steps.map(spectralRadius))),
        last ? `${decimal(last.growthPerStep)} over ${last.lag}` : 'is 0',
      ];
    });
    sections.push(lines(['Jacobian', 'state', 'σ largest', '|λ| largest', 'product, a step'], rows));
    if (report.jacobians.some(({ products }) => products.length > 0)) sections.push(productTable(report.jacobians));
  }
  if (report.gates.length > 0) sections.push(gateTables(report.gates));
  if (clipping) {
    sections.push(`Clipping fired in ${percent(clipping.share)} of ${countOf(clipping.steps, 'step')} of training.`);
  }
  if (report.notes.length > 0) sections.push(report.notes.join('\n'));
  return `${sections.join('\n\n')}\n`;
}

function normTable({ lags, layers }: GradientReport): string {
  const round = [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].filter((lag) => lag < lags);
  // As many as a terminal has columns for: the first, and the last ones.
  const picked = [0, ...round.slice(1).slice(-4), lags];
  return lines(
    ['k', ...picked.map(String)],
    layers.map(({ name, norms }) => [name, ...picked.map((lag) => scientific(norms.mean[lag]))]),
  );
}

/** Singular values of the products of k Jacobians; the smallest ones only where they are not lost in rounding. */
function productTable(jacobians: GradientReport['jacobians']): string {
  const lags = [...new Set(jacobians.flatMap(({ products }) => products.map(({ lag }) => lag)))].sort((a, b) => a - b);
  const rows = jacobians.flatMap((jacobian) =>
    (['logLargest', 'logSmallest'] as const).map((end) => [
      `${layerName(jacobian)} σ ${end === 'logLargest' ? 'largest' : 'smallest'}`,
      ...lags.map((wanted) => fromLog(jacobian.products.find(({ lag }) => lag === wanted)?.[end] ?? null)),
    ]),
  );
  const known = rows.filter((row) => row.slice(1).some((cell) => cell !== absent));
  return lines(['product of k', ...lags.map(String)], known);
}

const levels = [...'▁▂▃▄▅▆▇█'];

/** Decades below the largest norm that a sparkline shows. */
function rangeOf({ layers }: GradientReport): { most: number; least: number } {
  const logs = layers.flatMap(({ norms }) => norms.mean.filter((norm) => norm > 0).map(Math.log10));
  const most = logs.reduce((a, b) => Math.max(a, b), -Infinity);
  return {
    most,
    least: Math.max(
      most - 16,
      logs.reduce((a, b) => Math.min(a, b), most),
    ),
  };
}

/** The norm by lag in blocks whose height is its logarithm. */
function sparklines(report: GradientReport): string {
  const { most, least } = rangeOf(report);
  const count = Math.min(60, report.lags + 1);
  const widest = Math.max(...report.layers.map(({ name }) => name.length));
  return report.layers
    .map(({ name, norms }) => {
      const marks = Array.from({ length: count }, (_, i) => {
        const norm = norms.mean[Math.round((i * report.lags) / (count - 1))];
        if (!(norm > 0)) return ' ';
        const share = most > least ? (Math.log10(norm) - least) / (most - least) : 1;
        return levels[Math.max(0, Math.min(levels.length - 1, Math.floor(share * levels.length)))];
      });
      return `${name.padEnd(widest)}  ${marks.join('')}`;
    })
    .join('\n');
}

function scaleLine(report: GradientReport): string {
  const { most, least } = rangeOf(report);
  return `k = 0 … ${report.lags} from left to right; logarithmic, █ ${scientific(10 ** most)}, ▁ ${scientific(10 ** least)}`;
}

/** What counts as an end of the range, by the kind of values. */
const ends: Record<GateStatistics['range'], readonly [low: string, high: string]> = {
  unit: ['below 0.1', 'above 0.9'],
  signed: ['below -0.9', 'above 0.9'],
  open: ['not above 0', ''],
};

function gateTables(gates: readonly GateStatistics[]): string {
  const rows = gates.map(({ layer, reverse, gate, range, mean: middle, low, high }) => {
    const [below, above] = ends[range];
    const name = `${layerName({ layer, reverse })} ${gate}`;
    return [name, decimal(middle), `${percent(low)} ${below}`, above && `${percent(high)} ${above}`];
  });
  return lines(['gate', 'mean', 'at the low end', 'at the high end'], rows);
}

const lines = (...parts: Parameters<typeof table>): string => table(...parts).join('\n');
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const decimal = (value: number): string =>
  value !== 0 && Math.abs(value) < 0.01 ? value.toExponential(0) : value.toFixed(2);
const scientific = (value: number): string => (value === 0 ? '0' : value.toExponential(1));
const absent = '–';

/** A number from its natural logarithm, however small or large. */
function fromLog(log: number | null): string {
  if (log === null) return absent;
  const exponent = Math.floor(log / Math.LN10);
  const digits = (10 ** (log / Math.LN10 - exponent)).toFixed(1);
  const [mantissa, power] = digits === '10.0' ? ['1.0', exponent + 1] : [digits, exponent];
  return `${mantissa}e${power < 0 ? '' : '+'}${power}`;
}

const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`;
