import { existsSync } from 'node:fs';
import type { Device } from 'unrolled';
import { isCellFile, readCellCopy, readCellFile } from '../cells/cell-file.ts';
import { Failure } from '../failure.ts';
import type { SourceFile, SourceFiles } from '../input/source-files.ts';
import { flagOf } from '../options/parse.ts';
import type { TrainOptions } from '../options/train.ts';
import type { CheckpointName } from '../options/use.ts';
import { countOf, formatCount, shellWord } from '../output/units.ts';
import { checkSameFiles, filesOf, newConfig, type RunConfig, readConfig } from './config.ts';
import type { RunFolder } from './folder.ts';
import { listenerFor, runLoop } from './loop.ts';
import { openMachine } from './open-device.ts';
import { changedOptions, endOf } from './options.ts';
import type { Sources, Trainable } from './trainable.ts';

/** How a run is displayed and computed; not stored. */
export interface MachineOptions {
  json?: boolean;
  threads?: number;
}

/**
 * Starts a run and trains to the end or until a signal. Its folder is created once nothing but training can fail.
 * @returns the exit code
 */
export async function startRun<Options extends TrainOptions, Files extends SourceFiles>(
  trainable: Trainable<Options, Files>,
  main: Files,
  folder: RunFolder,
  said: Partial<Options>,
  { json, threads }: MachineOptions = {},
): Promise<number> {
  const listener = listenerFor(json);
  const sources = { main, named: await readNamed(trainable, said) };
  const { cell } = { ...trainable.defaults, ...said } as { readonly cell?: string };
  const own = cell !== undefined && isCellFile(cell) ? await readCellFile(cell) : null;
  const prepared = await trainable.prepare(sources, said, null, own);
  return withDevice({ threads, blas: prepared.options.blas }, listener, folder, async (device) => {
    let announced = false;
    const announce = (): void => {
      if (!announced) for (const line of prepared.about) listener.note(line);
      announced = true;
    };
    const note = (line: string): void => {
      announce();
      listener.note(line);
    };
    const task = await prepared.begin(device, note, folder.path);
    const config = newConfig(trainable, withChosenBlas(prepared, device), sources, own);
    const create = (): void => {
      folder.open();
      folder.removeBeginnings();
      announce();
      // First: by it a folder is recognised as a run's.
      folder.writeJson('config.json', config);
      for (const [name, value] of Object.entries(prepared.files)) folder.writeJson(name, value);
      if (own) folder.writeFile(own.copyName, own.bytes);
    };
    return runLoop({ trainable, prepared, task, config, folder, listener, checkpoint: null, create });
  });
}

/** Resumes a run; from its beginning if it has no checkpoint. @returns the exit code */
export async function resumeRun<Options extends TrainOptions, Files extends SourceFiles>(
  trainable: Trainable<Options, Files>,
  folder: RunFolder,
  paths: readonly string[],
  from: CheckpointName,
  said: Partial<Options>,
  { json, threads }: MachineOptions = {},
): Promise<number> {
  if (!folder.exists) {
    throw new Failure(`${folder.path}: this is not a run folder; it has no config.json`);
  }
  const stored = readConfig(folder, trainable);
  const options = changedOptions(trainable, stored.options, said);
  const own = stored.cell ? await readCellCopy(folder.path, stored.cell) : null;
  const sources = await readSources(trainable, folder, stored, paths, said);
  checkSameFiles(stored, sources);
  // Where the files are now is where other commands look for them.
  const config = { ...stored, ...filesOf(sources), options };
  const checkpoint = folder.hasCheckpoint ? folder.readCheckpoint(from) : null;
  const listener = listenerFor(json);
  const prepared = await trainable.prepare(sources, options, checkpoint, own);
  return withDevice({ threads, blas: options.blas }, listener, folder, async (device) => {
    const task = await prepared.begin(device, (line) => listener.note(line), folder.path);
    const end = endOf(options, task.stepsPerEpoch, trainable.end);
    const { step, secondsElapsed, validationOwed } = checkpoint?.trainer ?? { step: 0, secondsElapsed: 0 };
    if (!validationOwed && (step >= end.steps || secondsElapsed >= end.seconds)) {
      listener.note(
        `${folder.path} finished after ${countOf(step, 'step')}; to continue, give a later end: ` +
          `npx unrolled ${trainable.command} --resume ${shellWord(folder.path)} --steps ${2 * step}`,
      );
      return 0;
    }
    folder.open();
    listener.note(`Resuming ${folder.path} after step ${formatCount(step)}`);
    return runLoop({ trainable, prepared, task, config, folder, listener, checkpoint });
  });
}

async function withDevice(
  machine: { threads?: number; blas?: string },
  listener: ReturnType<typeof listenerFor>,
  folder: RunFolder,
  action: (device: Device) => Promise<number>,
): Promise<number> {
  const device = await openMachine(machine, (line) => listener.note(line));
  try {
    return await action(device);
  } finally {
    folder.close();
    device.close();
  }
}

/** 'auto' decides by timing; a resumed run must not decide otherwise. */
function withChosenBlas<Run extends { readonly options: TrainOptions }>(run: Run, device: Device): Run {
  if (run.options.blas !== 'auto') return run;
  return { ...run, options: { ...run.options, blas: String(device.describe().details?.blas ?? 'off') } };
}

/** The files that options name. */
async function readNamed<Options extends TrainOptions, Files extends SourceFiles>(
  { fileOptions, read }: Trainable<Options, Files>,
  said: Partial<Options>,
): Promise<Sources<Files>['named']> {
  const named: Record<string, Files> = {};
  for (const name of fileOptions) {
    const path = said[name as keyof Options];
    if (typeof path === 'string') named[name] = await read([path]);
  }
  return named;
}

/**
 * The files of a resumed run: those it was started with, or new places for them.
 * @throws Failure if they are not there any more, or came through a pipe
 */
async function readSources<Options extends TrainOptions, Files extends SourceFiles>(
  trainable: Trainable<Options, Files>,
  folder: RunFolder,
  { files, named = {} }: RunConfig<Options>,
  paths: readonly string[],
  said: Partial<Options>,
): Promise<Sources<Files>> {
  const command = `npx unrolled ${trainable.command} --resume ${shellWord(folder.path)}`;
  const again = async (stored: readonly SourceFile[], instead: string): Promise<Files> => {
    const piped = stored.some((file) => file.piped);
    const gone = stored.find(({ path }) => !existsSync(path));
    if (piped || gone) {
      const what = piped ? 'it read its text from a pipe' : `${gone!.path} is not there any more`;
      throw new Failure(`resume: ${what}; give the same again: ${command} ${instead}`);
    }
    return trainable.read(stored.map(({ path }) => path));
  };
  const now = await readNamed(trainable, said);
  const others: Record<string, Files> = {};
  for (const [name, stored] of Object.entries(named)) {
    others[name] = now[name] ?? (await again(stored, `${flagOf(name)} FILE`));
  }
  return { main: paths.length > 0 ? await trainable.read(paths) : await again(files, 'FILE'), named: others };
}
