import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scatterChart } from 'unrolled/charts';
import { type CellSource, createCell, Declarations } from 'unrolled/nn';
import type { CellMeasure } from 'unrolled/search';
import { tokenizerFor } from 'unrolled/tokenizers';
import { isCellFile, readCellFile } from '../cells/cell-file.ts';
import { cellSource } from '../cells/cell-source.ts';
import { Failure, naming } from '../failure.ts';
import { joinTexts, readTextFiles, type TextFiles } from '../input/text-files.ts';
import { table } from '../output/table.ts';
import { countOf, formatCount, formatDuration, shellWord } from '../output/units.ts';
import { toStandardError } from '../run/open-device.ts';
import { stopOnSignal } from '../run/signals.ts';
import { defaultWorkers, WorkerPool } from './pool.ts';
import { type CompareJob, sharedIds } from './protocol.ts';
import { readSearchConfig, searchFolder } from './run.ts';

export interface CompareFlags {
  cell?: string[];
  hidden: number;
  embedding: number;
  batch: number;
  seq: number;
  steps?: number;
  seconds?: number;
  lr?: number[];
  seeds: number;
  firstSeed: number;
  workers?: number;
  json?: boolean;
  out?: string;
  plot?: string;
}

/** A cell, at a size that has about as many parameters as all others. */
interface Contender {
  /** As it is printed. */
  readonly name: string;
  /** As `--cell` takes it. */
  readonly cell: string;
  readonly hidden: number;
  readonly parameters: number;
}

/** One training of a cell. */
interface Trained extends CellMeasure {
  readonly cell: string;
  readonly learningRate: number;
  readonly seed: number;
  readonly seconds: number;
}

/** A cell at the learning rate with the lowest mean validation loss. */
interface Result extends Contender {
  readonly learningRate: number;
  /** Of each seed: nats per character. */
  readonly validation: readonly number[];
  readonly test: readonly number[];
  readonly diverged: number;
  /** Means of a training. */
  readonly seconds: number;
  readonly updates: number;
}

const defaultCells = ['lstm', 'gru', 'nas'] as const;
export const defaultRates = [0.002, 0.005] as const;
/** Updates of a training where neither steps nor seconds are given. */
export const defaultUpdates = 2000;

/**
 * Trains a found cell and others from several seeds, each at about as many parameters and at every learning rate. The rate of each
 * cell is chosen by validation; its losses on the test part are reported. Returns the exit code.
 */
export async function compareCells(found: string, paths: readonly string[], flags: CompareFlags): Promise<number> {
  const { out, plot, seeds, firstSeed, workers, json } = flags;
  if (out !== undefined && existsSync(out)) throw new Failure(`${out}: this file exists; choose another --out`);
  const texts = readTextFiles(paths);
  const cells = [fileOf(found, texts), ...(flags.cell ?? defaultCells)];
  const { setup, vocabulary, about } = splitIn(texts, flags);
  const contenders = await sized(cells, vocabulary, flags);
  const note = json ? () => {} : toStandardError;
  for (const line of about) note(line);
  for (const { name, hidden, parameters } of contenders) {
    note(`${name}: ${countOf(hidden, 'hidden unit')}, ${countOf(parameters, 'parameter')}`);
  }
  const jobs: CompareJob[] = contenders.flatMap(({ cell, hidden }) =>
    (flags.lr ?? defaultRates).flatMap((learningRate) =>
      Array.from({ length: seeds }, (_, i) => ({
        cell,
        training: { ...trainingOf(flags), hidden, learningRate, seed: firstSeed + i },
      })),
    ),
  );
  const stop = stopOnSignal(note);
  const pool = new WorkerPool(setup, workers ?? defaultWorkers());
  const trained: Trained[] = [];
  try {
    for await (const { index, result, seconds } of pool.run<CellMeasure>(jobs, stop.signal)) {
      const { cell, training } = jobs[index];
      const { learningRate, seed } = training;
      const one = { cell, learningRate, seed, seconds, ...result };
      trained.push(one);
      if (json) process.stdout.write(`${JSON.stringify({ type: 'trained', ...withoutTest(one) })}\n`);
      const name = contenders.find((other) => other.cell === cell)!.name;
      const loss = result.loss === null ? 'diverged' : `validation loss ${result.loss.toFixed(4)}`;
      note(
        `${trained.length} of ${jobs.length}  ${name}  lr ${learningRate}  seed ${seed}  ${loss}  ${formatDuration(seconds)}`,
      );
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    stop.release();
    await pool.close();
  }
  const results = contenders
    .flatMap((one) => bestOf(one, trained, seeds) ?? [])
    .sort((a, b) => mean(a.test) - mean(b.test));
  const event = { type: 'comparison', options: { ...flags, ...trainingOf(flags) }, texts: texts.files, cells: results };
  if (json) process.stdout.write(`${JSON.stringify(event)}\n`);
  else process.stdout.write(report(results, contenders, trained, seeds));
  const { type: _, ...content } = event;
  if (out !== undefined) naming(out, () => writeFileSync(out, `${JSON.stringify(content, null, 2)}\n`));
  if (plot !== undefined && results.length > 0)
    naming(plot, () => writeFileSync(plot, draw(results, flags.seconds !== undefined)));
  return stop.exitCode;
}

/** The file of a found cell. @throws Failure if there is none, or it was found on one of these texts */
function fileOf(found: string, texts: TextFiles): string {
  if (!naming(found, () => statSync(found)).isDirectory()) {
    if (isCellFile(found)) return found;
    throw new Failure(`${found}: give the folder of a search, or a file that defines a cell, such as found.ts`);
  }
  const { files } = readSearchConfig(searchFolder(found), 'cell');
  const same = texts.files.find(({ sha256 }) => files.some((file) => file.sha256 === sha256));
  if (same) {
    throw new Failure(`${same.path}: the cell was found on this text; compare on one that the search has not seen`);
  }
  const path = join(found, 'found.ts');
  naming(path, () => readFileSync(path), '; the search has not ended yet');
  return path;
}

/** The first 80% of the text train, the next 10% choose learning rates, the last 10% are the test. */
function splitIn(texts: TextFiles, { batch }: CompareFlags) {
  const text = joinTexts(texts);
  const tokenizer = tokenizerFor('char', text);
  const ids = tokenizer.encode(text);
  const [first, second] = [0.8, 0.9].map((share) => Math.floor(share * ids.length));
  if (first < 2 * batch || ids.length - second < 2) {
    throw new Failure(
      `the text has ${countOf(ids.length, 'character')}, too few for batches of ${batch}; give a longer one`,
    );
  }
  const parts = { train: ids.subarray(0, first), validation: ids.subarray(first, second), test: ids.subarray(second) };
  const shared = {
    tokenizer: tokenizer.config,
    ...{ train: sharedIds(parts.train), validation: sharedIds(parts.validation), test: sharedIds(parts.test) },
  };
  const sizes = [parts.train, parts.validation, parts.test].map(({ length }) => formatCount(length));
  return {
    setup: { kind: 'compare', texts: shared } as const,
    vocabulary: tokenizer.size,
    about: [`${sizes[0]} characters to train on, ${sizes[1]} to choose learning rates by, ${sizes[2]} to test on`],
  };
}

const trainingOf = ({ embedding, batch, seq, steps, seconds }: CompareFlags) => ({
  ...{ embedding, batch, seq, seconds },
  steps: steps ?? (seconds === undefined ? defaultUpdates : undefined),
});

/** The size of each cell: the first has --hidden units, the others as many as come nearest to its parameters. */
async function sized(cells: readonly string[], V: number, { hidden, embedding }: CompareFlags): Promise<Contender[]> {
  const contenders: Contender[] = [];
  let budget: number | null = null;
  for (const cell of cells) {
    const own = isCellFile(cell) ? await readCellFile(cell) : null;
    const parameters = (H: number): number => modelSize(cellSource(cell, H, own), H, embedding, V);
    const H: number = budget === null ? hidden : nearestSize(parameters, budget);
    budget ??= parameters(H);
    contenders.push({
      name: own && contenders.length === 0 ? 'found' : cell,
      cell,
      hidden: H,
      parameters: parameters(H),
    });
  }
  return contenders;
}

/** Parameters of a language model with one layer of a cell. */
function modelSize(source: CellSource, hidden: number, embedding: number, V: number): number {
  const cell = createCell(source, hidden);
  const declarations = new Declarations();
  cell.build(embedding, declarations);
  const own = declarations.declared.reduce((sum, { shape }) => sum + shape.reduce((size, one) => size * one, 1), 0);
  return own + V * embedding + V * (cell.width + 1);
}

/** The H whose number of parameters, which rises with it, is nearest to a budget. */
export function nearestSize(parameters: (H: number) => number, budget: number): number {
  let [low, high] = [1, 2];
  while (parameters(high) < budget) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (parameters(middle) < budget) low = middle;
    else high = middle;
  }
  return budget - parameters(low) <= parameters(high) - budget ? low : high;
}

const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;

/** What one training says before its learning rate was chosen: nothing of the test. */
const withoutTest = ({ testLoss: _, ...rest }: Trained) => rest;

/** A cell at the rate whose mean validation loss is lowest; null while no rate has all seeds. Rates that diverge come last. */
function bestOf(one: Contender, trained: readonly Trained[], seeds: number): Result | null {
  const own = trained.filter(({ cell }) => cell === one.cell);
  const rates = [...Map.groupBy(own, ({ learningRate }) => learningRate)].filter(([, runs]) => runs.length === seeds);
  const results = rates.map(([learningRate, runs]): Result => {
    const sorted = runs.toSorted((a, b) => a.seed - b.seed);
    return {
      ...one,
      learningRate,
      validation: sorted.flatMap(({ loss }) => loss ?? []),
      test: sorted.flatMap(({ testLoss }) => testLoss ?? []),
      diverged: sorted.filter(({ diverged }) => diverged).length,
      seconds: mean(sorted.map(({ seconds }) => seconds)),
      updates: mean(sorted.map(({ steps }) => steps)),
    };
  });
  results.sort((a, b) => a.diverged - b.diverged || mean(a.validation) - mean(b.validation));
  return results.find(({ test }) => test.length > 0) ?? null;
}

function report(
  results: readonly Result[],
  contenders: readonly Contender[],
  trained: readonly Trained[],
  seeds: number,
): string {
  const lost = contenders.filter(({ cell }) => {
    const own = trained.filter((one) => one.cell === cell);
    return own.length > 0 && own.every(({ diverged }) => diverged);
  });
  const diverged = lost.map(({ name }) => `${name} diverged in every training.`);
  if (results.length === 0) return `${['No cell was trained from all seeds.', ...diverged].join('\n')}\n`;
  const rows = results.map((one) => [
    one.name,
    formatCount(one.hidden),
    formatCount(one.parameters),
    String(one.learningRate),
    mean(one.test).toFixed(4),
    Math.min(...one.test).toFixed(4),
    Math.max(...one.test).toFixed(4),
    mean(one.validation).toFixed(4),
    formatCount(one.updates),
    one.seconds.toFixed(0),
  ]);
  const head = ['cell', 'hidden', 'parameters', 'lr', 'test', 'best', 'worst', 'validation', 'updates', 'seconds'];
  const failed = results.filter((one) => one.diverged > 0);
  const lines = [
    `Test losses in nats per character, mean and extremes of ${countOf(seeds, 'seed')}`,
    '',
    ...table(head, rows),
    '',
    verdict(results, contenders[0], seeds),
    ...failed.map((one) => `${one.name} diverged with ${countOf(one.diverged, 'seed')}, which the losses leave out.`),
    ...diverged,
  ];
  return `${lines.join('\n')}\n`;
}

/** Which cell is best, and whether its advantage is more than the spread over seeds. */
function verdict([first, ...others]: readonly Result[], { cell }: Contender, runs: number): string {
  const found = [first, ...others].find((one) => one.cell === cell);
  const rival = first.cell === cell ? others[0] : first;
  if (!found || !rival) return `${first.name} has a mean test loss of ${mean(first.test).toFixed(4)}.`;
  const difference = mean(rival.test) - mean(found.test);
  const apart = Math.max(...found.test) < Math.min(...rival.test) || Math.max(...rival.test) < Math.min(...found.test);
  const few = `${countOf(runs, 'seed')} cannot tell whether that is chance`;
  const spread = apart ? 'every seed of the one is better than every seed of the other' : 'their seeds overlap';
  const seeds = runs < 3 ? few : spread;
  return difference > 0
    ? `The found cell has the lowest mean test loss, ${difference.toFixed(4)} nats below ${rival.name}; ${seeds}.`
    : `${rival.name} has the lowest mean test loss; the found cell is ${(-difference).toFixed(4)} nats behind; ${seeds}.`;
}

/** The test loss of each seed over what a training takes: time, or updates where all have the same time. */
function draw(results: readonly Result[], equalTime: boolean): string {
  const command = `npx unrolled ${process.argv.slice(2).map(shellWord).join(' ')}`;
  return scatterChart({
    title: `Cells at equal parameters${equalTime ? ' and equal time' : ''}`,
    description: `Each mark is a seed. Made by: ${command}`,
    x: { label: equalTime ? 'updates' : 'seconds of a training', from: 0 },
    y: { label: 'test loss, nats per character' },
    groups: results.map(({ name, test, seconds, updates }) => ({
      name,
      points: test.map((loss) => [equalTime ? updates : seconds, loss] as const),
    })),
  });
}
