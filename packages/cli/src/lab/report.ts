import type { BuiltInCell } from 'unrolled/nn';
import type { ExperimentResult, Metric } from 'unrolled/tasks/long-memory';
import { isCellFile } from '../cells/cell-file.ts';
import { cellText } from '../cells/cell-source.ts';
import { table } from '../output/table.ts';
import { countOf, formatCount, formatDuration } from '../output/units.ts';
import type { CellResults, LabTable } from './events.ts';
import type { Lab, Learner } from './prepare.ts';

/** 0.16666 → "0.1667". */
export function formatMetric(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** `parity, length 10, test length 20` */
export function nameOf({ task, options, dataLabel }: Pick<Lab, 'task' | 'options' | 'dataLabel'>): string {
  const said = Object.entries(options).map(([option, value]) => {
    const words = option.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
    return value === true ? words : `${words} ${value}`;
  });
  return [task, ...said, dataLabel ?? []].flat().join(', ');
}

/** `copying, length 100; chance: cross-entropy a step, nats 0.1733` */
export function describeTask(lab: Lab): string {
  const { name, chance } = lab.problem.metric;
  return `${nameOf(lab)}; chance: ${name} ${formatMetric(chance)}`;
}

/** The settings a cell is trained with: `lstm:forgetBias=3, 128 hidden units; adam 0.005, …` */
export function describeLearner({ cell, settings }: Learner): string {
  const { layers, hidden, dropout, batch, optimizer, learningRate, schedule, clipNorm, steps, seconds } = settings;
  const { transformer } = settings;
  const model = [
    transformer || isCellFile(cell) ? cell : cellText(settings.cell as BuiltInCell),
    transformer
      ? `${countOf(layers, 'block')} of ${countOf(transformer.heads, 'head')}, ${hidden} wide`
      : `${layers > 1 ? `${layers} layers of ` : ''}${hidden} hidden units`,
    dropout > 0 ? `dropout ${dropout}` : [],
  ];
  const training = [
    `${optimizer} ${learningRate}`,
    schedule === 'constant' ? [] : schedule,
    clipNorm > 0 ? `clip ${clipNorm}` : [],
    `batch ${batch}`,
    steps ? `at most ${countOf(steps, 'step')}` : [],
    seconds ? `at most ${formatDuration(seconds)}` : [],
  ];
  return `${model.flat().join(', ')}; ${training.flat().join(', ')}`;
}

/** `seed 1  step 700  loss 0.0412  mean squared error 0.0351  0:37` */
export function progressLine(
  seed: number,
  { name }: Metric,
  now: { step: number; loss: number; metric: number | null; secondsElapsed: number },
): string {
  const { step, loss, metric, secondsElapsed } = now;
  const validated = metric === null ? '' : `  ${name} ${formatMetric(metric)}`;
  return `seed ${seed}  step ${formatCount(step)}  loss ${formatMetric(loss)}${validated}  ${formatDuration(secondsElapsed)}`;
}

/** `seed 1  solved at step 800, after 0:43; mean squared error 0.003201 on the test sequences` */
export function resultLine(seed: number, { name }: Metric, result: ExperimentResult): string {
  const { reason, metric, step, secondsElapsed, solved } = result;
  const end = solved
    ? `solved at step ${formatCount(solved.step)}, after ${formatDuration(solved.secondsElapsed)}`
    : `${reason} at step ${formatCount(step)}, after ${formatDuration(secondsElapsed)}`;
  return `seed ${seed}  ${end}${metric === null ? '' : `; ${name} ${formatMetric(metric)} on the test sequences`}`;
}

/** One line per seed, then a summary: one line, or one per cell. */
export function tableLines({ metric, cells }: LabTable): string[] {
  const several = cells.length > 1;
  const rows = cells.flatMap(({ cell, seeds }) =>
    seeds.map(({ seed, reason, metric: value, step, secondsElapsed, solved }) => [
      ...(several ? [cell] : []),
      String(seed),
      formatMetric(value!),
      reason,
      formatCount(step),
      secondsElapsed.toFixed(0),
      solved ? formatCount(solved.step) : '–',
      solved ? solved.secondsElapsed.toFixed(0) : '–',
    ]),
  );
  const columns = ['seed', metric.name, 'end', 'steps', 'seconds', 'solved at step', 'at second'];
  const seeds = rows.length > 0 ? table([...(several ? ['cell'] : []), ...columns], rows) : [];
  return several ? [...seeds, '', ...comparison(metric, cells)] : [...seeds, summaryLine(metric, cells[0])];
}

function summaryLine({ name, chance }: Metric, { seeds, summary }: CellResults): string {
  const { median, worst, best, solved, stepsToSolve, secondsToSolve } = summary;
  const values =
    median === null
      ? 'no seed has finished'
      : `median ${formatMetric(median)}, worst ${formatMetric(worst!)}, best ${formatMetric(best!)}`;
  const speed =
    stepsToSolve === null ? '' : ` in ${formatCount(stepsToSolve)} steps and ${secondsToSolve!.toFixed(0)} s (medians)`;
  return `${name}: ${values}; chance ${formatMetric(chance)}; solved ${solved} of ${seeds.length}${speed}`;
}

function comparison({ name, chance }: Metric, cells: readonly CellResults[]): string[] {
  const rows = cells.map(({ cell, seeds, summary }) => {
    const { median, worst, best, solved, stepsToSolve, secondsToSolve } = summary;
    const values = [median, worst, best].map((value) => (value === null ? '–' : formatMetric(value)));
    const steps = stepsToSolve === null ? '–' : formatCount(stepsToSolve);
    return [cell, ...values, `${solved} of ${seeds.length}`, steps, secondsToSolve?.toFixed(0) ?? '–'];
  });
  const head = ['cell', 'median', 'worst', 'best', 'solved', 'median step', 'median second'];
  return [...table(head, rows), `${name}; chance ${formatMetric(chance)}`];
}
