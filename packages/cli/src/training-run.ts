import type { Device } from 'unrolled';
import { isCellFile, readCellCopy, readCellFile } from './cell-file.ts';
import { Failure } from './failure.ts';
import { openMachine } from './open-device.ts';
import type { CommonOptions } from './options.ts';
import { checkSameFiles, newConfig, type RunConfig, readConfig } from './run-config.ts';
import type { CheckpointName, RunFolder } from './run-folder.ts';
import { listenerFor, runLoop } from './run-loop.ts';
import { changedOptions, endOf } from './run-options.ts';
import { readTextFiles, type TextFile, type TextFiles } from './text-files.ts';
import type { Sources, Trainable } from './trainable.ts';
import { countOf, formatCount, shellWord } from './units.ts';

/** How a run is shown and computed, which is no part of what it learns. */
export interface MachineOptions {
  json?: boolean;
  threads?: number;
}

/** Begins a run in a folder that is free, and trains to the end or until a signal. Gives the exit code. */
export async function startRun<Options extends CommonOptions>(
  trainable: Trainable<Options>,
  main: TextFiles,
  folder: RunFolder,
  said: Partial<Options>,
  { json, threads }: MachineOptions = {},
): Promise<number> {
  const listener = listenerFor(json);
  const sources = { main, named: readNamed(trainable, said) };
  const { cell = trainable.defaults.cell } = said;
  const own = isCellFile(cell) ? await readCellFile(cell) : null;
  const prepared = await trainable.prepare(sources, said, null, own);
  return withDevice({ threads, blas: prepared.options.blas }, listener, folder, (device) => {
    const task = prepared.begin(device);
    folder.open();
    for (const line of prepared.about) listener.note(line);
    for (const [name, value] of Object.entries(prepared.files)) folder.writeJson(name, value);
    if (own) folder.writeFile(own.copyName, own.bytes);
    const config = newConfig(trainable, prepared, sources, own);
    return runLoop({ trainable, prepared, task, config, folder, listener, checkpoint: null });
  });
}

/** Goes on with a run, from its beginning if it ended before its first checkpoint. Gives the exit code. */
export async function resumeRun<Options extends CommonOptions>(
  trainable: Trainable<Options>,
  folder: RunFolder,
  paths: readonly string[],
  from: CheckpointName,
  said: Partial<Options>,
  { json, threads }: MachineOptions = {},
): Promise<number> {
  if (!folder.exists) {
    throw new Failure(`${folder.path}: there is no run here; a run's folder has a config.json`);
  }
  const config = readConfig(folder, trainable);
  const options = changedOptions(trainable, config.options, said);
  const own = config.cell ? await readCellCopy(folder.path, config.cell) : null;
  const sources = readSources(config, paths);
  checkSameFiles(config, sources);
  const checkpoint = folder.hasCheckpoint ? folder.readCheckpoint(from) : null;
  const listener = listenerFor(json);
  const prepared = await trainable.prepare(sources, options, checkpoint, own);
  return withDevice({ threads, blas: options.blas }, listener, folder, async (device) => {
    const task = prepared.begin(device);
    const end = endOf(options, task.stepsPerEpoch, trainable.end);
    const { step, secondsElapsed, validationOwed } = checkpoint?.trainer ?? { step: 0, secondsElapsed: 0 };
    if (!validationOwed && (step >= end.steps || secondsElapsed >= end.seconds)) {
      listener.note(
        `${folder.path} is finished, after ${countOf(step, 'step')}; to train on, say until when: ` +
          `npx unrolled ${trainable.command} --resume ${shellWord(folder.path)} --steps ${2 * step}`,
      );
      return 0;
    }
    folder.open();
    listener.note(`Going on with ${folder.path} after step ${formatCount(step)}`);
    return runLoop({ trainable, prepared, task, config: { ...config, options }, folder, listener, checkpoint });
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

/** The files that options name, each as a text. */
function readNamed<Options extends CommonOptions>(
  { fileOptions }: Trainable<Options>,
  said: Partial<Options>,
): Sources['named'] {
  const paths = fileOptions.flatMap((name) => {
    const path = said[name as keyof Options];
    return typeof path === 'string' ? [[name, readTextFiles([path])] as const] : [];
  });
  return Object.fromEntries(paths);
}

/** The files of a run that goes on: those it was begun with, or what is said to be the same. */
function readSources({ files, named = {} }: RunConfig, paths: readonly string[]): Sources {
  const again = (stored: readonly TextFile[]): TextFiles => {
    if (stored.some(({ piped }) => piped)) {
      throw new Failure('resume: this run read its text from a pipe; give the same text again, as a file or as -');
    }
    return readTextFiles(stored.map(({ path }) => path));
  };
  return {
    main: paths.length > 0 ? readTextFiles(paths) : again(files),
    named: Object.fromEntries(Object.entries(named).map(([name, stored]) => [name, again(stored)])),
  };
}
