import type { ExperimentEvent, ExperimentResult, Metric } from 'unrolled/tasks/long-memory';
import { median } from '../output/median.ts';
import type { Lab, Learner } from './prepare.ts';

/** Events printed with --json: plain data. */
export type LabEvent = (ExperimentEvent & { readonly cell: string; readonly seed: number }) | LabTable;

/** Result of one seed, with its validations. */
export interface SeedResult extends Omit<ExperimentResult, 'type'> {
  readonly seed: number;
  readonly validations: readonly { readonly step: number; readonly loss: number; readonly metric: number }[];
}

/** Finished seeds of a cell. */
export interface CellResults extends Learner {
  readonly seeds: readonly SeedResult[];
  /** Of the metric on test sequences, and of the seeds that solved the problem; null where there are none. */
  readonly summary: {
    readonly median: number | null;
    readonly worst: number | null;
    readonly best: number | null;
    readonly solved: number;
    readonly stepsToSolve: number | null;
    readonly secondsToSolve: number | null;
  };
}

/** The last event; without `type`, the content of --out. */
export interface LabTable {
  readonly type: 'table';
  readonly task: Lab['task'];
  readonly options: Lab['options'];
  readonly data: string | null;
  readonly metric: Metric;
  readonly cells: readonly CellResults[];
}

/** @param seeds  of each learner, in order */
export function tableOf(
  { task, options, dataLabel, problem, learners }: Lab,
  seeds: readonly (readonly SeedResult[])[],
): LabTable {
  const { metric } = problem;
  const cells = learners.map((learner, i) => ({ ...learner, seeds: seeds[i], summary: summaryOf(metric, seeds[i]) }));
  return { type: 'table', task, options, data: dataLabel, metric, cells };
}

function summaryOf({ better }: Metric, seeds: readonly SeedResult[]): CellResults['summary'] {
  const values = seeds.map(({ metric }) => metric!).sort((a, b) => a - b);
  if (better === 'higher') values.reverse();
  const solved = seeds.flatMap((result) => result.solved ?? []);
  return {
    median: median(values),
    worst: values.at(-1) ?? null,
    best: values[0] ?? null,
    solved: solved.length,
    stepsToSolve: median(solved.map(({ step }) => step)),
    secondsToSolve: median(solved.map(({ secondsElapsed }) => secondsElapsed)),
  };
}
