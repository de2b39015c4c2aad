import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Device, openDevice } from 'unrolled';
import { type LongMemoryTask, SequenceModel } from 'unrolled/tasks/long-memory';
import { Failure, naming } from '../../packages/cli/src/failure.ts';
import type { LabTable } from '../../packages/cli/src/lab/events.ts';
import { type LabFlags, prepareLab } from '../../packages/cli/src/lab/prepare.ts';
import { makeFolder } from '../../packages/cli/src/output/folders.ts';
import { countOf } from '../../packages/cli/src/output/units.ts';
import { nearestSize } from '../../packages/cli/src/search/compare.ts';
import { readJson, writeJson } from './folder.ts';
import { argumentsOf, type ModelName } from './recipes.ts';
import { commandLine, type Measured, measuredNow, runUnrolled } from './run-command.ts';

/** The problems, and the lengths of each. */
export const memoryProblems: readonly { readonly task: LongMemoryTask; readonly lengths: readonly number[] }[] = [
  { task: 'adding', lengths: [100, 200, 400] },
  { task: 'copying', lengths: [100, 200, 400] },
  { task: 'temporal-order-2', lengths: [100, 200, 400] },
  { task: 'parity', lengths: [40] },
];

interface MemoryRecipe {
  /** Options of `unrolled lab`; what is left out has the default of the task and the cell. */
  readonly options: Partial<LabFlags>;
  /** The option that is chosen so that there are as many parameters as in the first model; none in that one. */
  readonly sized?: 'hidden' | 'feedForward';
}

/** To tune a model is to change its line. A minGRU needs a second layer: the gates of the first see nothing but the input. */
export const memoryRecipes: Readonly<Record<ModelName, MemoryRecipe>> = {
  lstm: { options: { cell: ['lstm'], layers: 1, hidden: 128 } },
  gru: { options: { cell: ['gru'], layers: 1 }, sized: 'hidden' },
  mingru: { options: { cell: ['mingru'], layers: 2 }, sized: 'hidden' },
  transformer: { options: { model: 'transformer', layers: 2, heads: 4, hidden: 48 }, sized: 'feedForward' },
};

export interface MemoryOptions {
  readonly models: readonly ModelName[];
  readonly seconds: number;
  readonly seeds: number;
  readonly out: string;
  readonly threads?: number | undefined;
}

/** A model on a problem, as it is written. */
export interface MemoryRow {
  readonly task: LongMemoryTask;
  readonly length: number;
  readonly model: ModelName;
  readonly parameters: number;
  readonly seconds: number;
  readonly command: string;
  readonly measured: Measured;
  readonly table: LabTable;
}

export const memoryFile = 'memory-tasks.json';

/** Options of `unrolled lab` for each model, and its parameters: about as many as the first has. */
export async function sizedFor(
  task: LongMemoryTask,
  length: number,
  device: Device,
): Promise<Readonly<Record<ModelName, { readonly options: Partial<LabFlags>; readonly parameters: number }>>> {
  const sized: Partial<Record<ModelName, { options: Partial<LabFlags>; parameters: number }>> = {};
  let budget: number | null = null;
  for (const [name, recipe] of Object.entries(memoryRecipes) as [ModelName, MemoryRecipe][]) {
    const lab = await prepareLab(task, { length, ...recipe.options });
    const { settings } = lab.learners[0];
    const count = (size: number | null): number => {
      const { cell, transformer } = settings;
      const made =
        size === null
          ? settings
          : recipe.sized === 'feedForward'
            ? { ...settings, transformer: { ...transformer!, feedForward: size } }
            : { ...settings, hidden: size, cell: { ...(cell as object), hidden: size } as typeof cell };
      return new SequenceModel(device, lab.problem, made, 1).parameters.size;
    };
    const size: number | null = recipe.sized === undefined ? null : nearestSize(count, budget!);
    const parameters = count(size);
    budget ??= parameters;
    sized[name] = { options: { ...recipe.options, ...(size !== null && { [recipe.sized!]: size }) }, parameters };
  }
  return sized as Record<ModelName, { options: Partial<LabFlags>; parameters: number }>;
}

/**
 * Trains the models on problems of long memory, each for as many seconds at most: a seed ends early once it has solved its
 * problem. What has been measured is not measured again.
 */
export async function compareOnMemoryTasks({ models, seconds, seeds, out, threads }: MemoryOptions): Promise<void> {
  const path = join(out, memoryFile);
  const rows: MemoryRow[] = [...(readJson<MemoryRow[]>(path) ?? [])];
  naming(out, () => makeFolder(out));
  const device = await openDevice('wasm', { threads: 1 });
  try {
    for (const { task, lengths } of memoryProblems) {
      for (const length of lengths) {
        const sized = await sizedFor(task, length, device);
        for (const model of models) {
          const known = rows.find((row) => row.task === task && row.length === length && row.model === model);
          if (known && known.seconds === seconds && known.table.cells[0].seeds.length === seeds) continue;
          const { options, parameters } = sized[model];
          process.stdout.write(`\n${task}, length ${length}, ${model}: ${countOf(parameters, 'parameter')}\n`);
          const result = join(out, `${task}-${length}-${model}.json`);
          rmSync(result, { force: true });
          const args = ['lab', task, ...argumentsOf({ length, ...options, seconds, seeds, threads, out: result })];
          await runUnrolled(args);
          const table = readJson<LabTable>(result)!;
          const trained = table.cells[0].seeds.length;
          if (trained < seeds)
            throw new Failure(`${result}: interrupted after ${countOf(trained, 'seed')} of ${seeds}`);
          const row = { ...{ task, length, model, parameters, seconds }, command: commandLine(args) };
          if (known) rows.splice(rows.indexOf(known), 1);
          rows.push({ ...row, measured: measuredNow(), table });
          writeJson(path, rows);
        }
      }
    }
  } finally {
    device.close();
  }
}
