import type { BuiltInCell } from 'unrolled/nn';
import type { ExperimentResult, Metric } from 'unrolled/tasks/long-memory';
import { isCellFile } from '../cell-file.ts';
import { cellText } from '../cell-source.ts';
import { countOf, formatCount, formatDuration } from '../units.ts';
import type { LabTable } from './events.ts';
import type { Lab } from './prepare.ts';

/** 0.16666 → "0.1667". */
export function formatMetric(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** Two lines: what is to be learnt, and what chance gives; by whom, with all that was said or is usual for it. */
export function introduction({ task, cell, options, dataLabel, problem, settings }: Lab): string {
  const said = [
    ...Object.entries(options).map(([name, value]) => (value === true ? name : `${name} ${value}`)),
    dataLabel ?? [],
  ].flat();
  const { layers, hidden, dropout, batch, optimizer, learningRate, schedule, clipNorm, steps, seconds } = settings;
  const model = [
    isCellFile(cell) ? cell : cellText(settings.cell as BuiltInCell),
    `${layers > 1 ? `${layers} layers of ` : ''}${hidden} hidden units`,
    dropout > 0 ? `dropout ${dropout}` : [],
  ].flat();
  const training = [
    `${optimizer} ${learningRate}`,
    schedule === 'constant' ? [] : schedule,
    clipNorm > 0 ? `clip ${clipNorm}` : [],
    `batch ${batch}`,
    steps ? `at most ${countOf(steps, 'step')}` : [],
    seconds ? `at most ${formatDuration(seconds)}` : [],
  ].flat();
  return (
    `${[task, ...said].join(', ')}; chance: ${problem.metric.name} ${formatMetric(problem.metric.chance)}\n` +
    `${model.join(', ')}; ${training.join(', ')}`
  );
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

/** A line a seed, and one that sums them up. */
export function tableLines({ metric, seeds, summary }: LabTable): string[] {
  const rows = seeds.map(({ seed, reason, metric: value, step, secondsElapsed, solved }) => [
    String(seed),
    formatMetric(value!),
    reason,
    formatCount(step),
    secondsElapsed.toFixed(0),
    solved ? formatCount(solved.step) : '–',
    solved ? solved.secondsElapsed.toFixed(0) : '–',
  ]);
  const heads = ['seed', metric.name, 'end', 'steps', 'seconds', 'solved at step', 'and second'];
  const widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]): string => cells.map((cell, i) => cell.padStart(widths[i])).join('  ');
  const { median, worst, best, solved, stepsToSolve, secondsToSolve } = summary;
  const values =
    median === null
      ? 'no seed is finished'
      : `median ${formatMetric(median)}, worst ${formatMetric(worst!)}, best ${formatMetric(best!)}`;
  const speed =
    stepsToSolve === null ? '' : ` in ${formatCount(stepsToSolve)} steps and ${secondsToSolve!.toFixed(0)} s (medians)`;
  return [
    ...(rows.length > 0 ? [line(heads), ...rows.map(line)] : []),
    `${metric.name}: ${values}; chance ${formatMetric(metric.chance)}; solved ${solved} of ${seeds.length}${speed}`,
  ];
}
