import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Device, FormatError } from 'unrolled';
import { cellNameOf, cellNames, type DefinedCell } from 'unrolled/nn';
import { LanguageModel, type LanguageModelDescription } from 'unrolled/tasks/language-model';
import type { Checkpoint } from 'unrolled/train';
import { readCellCopy } from './cell-file.ts';
import { Failure } from './failure.ts';
import { readConfig } from './run-config.ts';
import { type CheckpointName, RunFolder, readCheckpointFile } from './run-folder.ts';

const names: readonly CheckpointName[] = ['best', 'latest', 'previous'];

/**
 * The model of a run folder, or of a checkpoint file.
 * @param which  'best', 'latest' or 'previous'; by default the best one there is
 * @throws Failure saying what is missing or damaged
 */
export async function loadModel(device: Device, path: string, which?: CheckpointName): Promise<LanguageModel> {
  const checkpoint = readModelCheckpoint(path, which);
  const description = checkpoint.model as unknown as LanguageModelDescription | null;
  if (!description?.config || !description.tokenizer) {
    throw new Failure(`${path}: the checkpoint does not say which model it holds; it is not of a language model`);
  }
  const model = LanguageModel.from(device, description, await ownCell(path, cellNameOf(description.config.cell)));
  try {
    model.parameters.load(checkpoint.parameters);
  } catch (error) {
    if (error instanceof FormatError) throw new Failure(`${path}: ${error.message}`, 1, { cause: error });
    throw error;
  }
  return model;
}

/** The cell of a model whose cell is not built in: a checkpoint has only its name, its run's folder has the file. */
async function ownCell(path: string, name: string): Promise<DefinedCell | undefined> {
  if (cellNames.includes(name)) return undefined;
  const folder = new RunFolder(statSync(path).isFile() ? dirname(dirname(path)) : path);
  const copy = folder.exists ? readConfig(folder).cell : undefined;
  if (!copy) {
    throw new Failure(
      `${path}: its cell '${name}' is not built in, and the run's folder with its file is not around it`,
    );
  }
  return (await readCellCopy(folder.path, copy)).cell;
}

function readModelCheckpoint(path: string, which: CheckpointName | undefined): Checkpoint {
  const about = statSync(path, { throwIfNoEntry: false });
  if (!about) throw new Failure(`${path}: there is no such run folder`);
  if (about.isFile()) return readCheckpointFile(path);
  const folder = new RunFolder(path);
  const name = which ?? names.find((one) => folder.has(one));
  if (!name || !folder.has(name)) {
    throw new Failure(
      `${path}: there is no ${name ?? ''} checkpoint in it; train first, or name another run`.replace('  ', ' '),
    );
  }
  return folder.readCheckpoint(name);
}
