import type { ExperimentEvent, ExperimentResult, Metric } from 'unrolled/tasks/long-memory';
import type { Lab } from './prepare.ts';

/** What a lab run prints with --json: plain data. */
export type LabEvent = (ExperimentEvent & { readonly seed: number }) | LabTable;

export type SeedResult = Omit<ExperimentResult, 'type'> & { readonly seed: number };

/** The results of all seeds that are finished; with `type` in front the last event, without it the file of --out. */
export interface LabTable {
  readonly type: 'table';
  readonly task: string;
  readonly cell: string;
  readonly options: Lab['options'];
  readonly data: string | null;
  readonly settings: Lab['settings'];
  readonly metric: Metric;
  readonly seeds: readonly SeedResult[];
  /** Of the metric on the test sequences, and of those seeds that solved the problem; null where there are none. */
  readonly summary: {
    readonly median: number | null;
    readonly worst: number | null;
    readonly best: number | null;
    readonly solved: number;
    readonly stepsToSolve: number | null;
    readonly secondsToSolve: number | null;
  };
}

export function tableOf(lab: Lab, seeds: readonly SeedResult[]): LabTable {
  const { task, cell, options, dataLabel, settings, problem } = lab;
  const values = seeds.map(({ metric }) => metric!).sort((a, b) => a - b);
  if (problem.metric.better === 'higher') values.reverse();
  const solved = seeds.flatMap((result) => result.solved ?? []);
  return {
    type: 'table',
    task,
    cell,
    options,
    data: dataLabel,
    settings,
    metric: problem.metric,
    seeds,
    summary: {
      median: median(values),
      worst: values.at(-1) ?? null,
      best: values[0] ?? null,
      solved: solved.length,
      stepsToSolve: median(solved.map(({ step }) => step)),
      secondsToSolve: median(solved.map(({ secondsElapsed }) => secondsElapsed)),
    },
  };
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
