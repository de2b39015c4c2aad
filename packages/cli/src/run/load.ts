import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FormatError } from 'unrolled';
import { type CellSource, cellNameOf, cellNames, type DefinedCell } from 'unrolled/nn';
import { readPretrained } from 'unrolled/pretrained';
import { commandOf } from 'unrolled/tasks';
import { decodeModel, type ModelFile, modelOf, type StoredModel } from 'unrolled/train';
import { readCellCopy } from '../cells/cell-file.ts';
import { Failure, naming } from '../failure.ts';
import { type CheckpointName, checkpointNames } from '../options/use.ts';
import { cellCopyOf } from './config.ts';
import { RunFolder } from './folder.ts';
import { pretrainedAt } from './pretrained.ts';

/**
 * The model of a run folder, or of a file: a checkpoint, or an exported model; or a published one in its folder.
 * @param which  default: the first of 'best', 'latest' and 'previous' that exists
 * @param load  makes the model, such as `(stored, cell) => Classifier.load(device, stored, cell)`
 * @throws Failure saying what is missing or damaged
 */
export async function loadRun<Model>(
  path: string,
  which: CheckpointName | undefined,
  load: (stored: StoredModel, cell: DefinedCell | undefined) => Model,
): Promise<Model> {
  const stored = readModel(path, which);
  const { cell } = (stored.model as { config?: { cell?: CellSource } } | null)?.config ?? {};
  const own = cell === undefined ? undefined : await ownCell(path, cellNameOf(cell));
  try {
    return load(stored, own);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new Failure(`${path}: ${error.message}${usedBy(error.details.found)}`, 1, { cause: error });
  }
}

/** The command for models of a task. */
function usedBy(task: unknown): string {
  if (typeof task !== 'string' || task === 'unknown') return '';
  if (task === 'search') return '; it is the controller of a search, whose files are described in docs/search.md';
  const commands: Readonly<Record<string, string>> = { 'language-model': 'sample', 'masked-language-model': 'fill' };
  return `; use it with npx unrolled ${commands[task] ?? `${commandOf(task)} predict`}`;
}

/** A cell that is not built in: a checkpoint has only its name, the run folder has its file. */
async function ownCell(path: string, name: string): Promise<DefinedCell | undefined> {
  if (cellNames.includes(name)) return undefined;
  const folder = folderOf(path);
  const copy = folder ? cellCopyOf(folder) : undefined;
  if (!folder || !copy) {
    throw new Failure(
      `${path}: its cell '${name}' is not built in, and the file that defines it is in the run folder, which is missing`,
    );
  }
  return (await readCellCopy(folder.path, copy)).cell;
}

/** The folder of a run, or of the run that a checkpoint belongs to; null for a file without one. */
export function folderOf(path: string): RunFolder | null {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  const folder = new RunFolder(isFile ? dirname(dirname(resolve(path))) : path);
  return folder.exists ? folder : null;
}

/** @throws Failure saying what is missing or damaged */
export function readModel(path: string, which: CheckpointName | undefined): ModelFile {
  const about = statSync(path, { throwIfNoEntry: false });
  if (!about) throw new Failure(`${path}: no such run folder`);
  const bytes = about.isFile() ? naming(path, () => readFileSync(path)) : null;
  const published = naming(path, () => pretrainedAt(path, bytes));
  if (published) return naming(path, () => readPretrained(published.folder, published.main));
  if (bytes) return naming(path, () => decodeModel(bytes));
  const folder = new RunFolder(path);
  const name = which ?? checkpointNames.find((one) => folder.has(one));
  if (!name || !folder.has(name)) {
    throw new Failure(
      `${path}: no ${name ? `${name} ` : ''}checkpoint in this folder; train first, or name another run`,
    );
  }
  return modelOf(folder.readCheckpoint(name));
}
