import { join, resolve } from 'node:path';
import { parseCell } from 'unrolled/nn';
import { commandOf } from 'unrolled/tasks';
import type { Json } from 'unrolled/train';
import type { CellCopy, CellFile } from '../cells/cell-file.ts';

import { Failure } from '../failure.ts';
import type { SourceFile, SourceFiles } from '../input/source-files.ts';
import { withCurrentNames } from '../options/renamed.ts';
import { changeable, lasting, type TrainOptions } from '../options/train.ts';
import { shellWord } from '../output/units.ts';
import { version } from '../version.ts';
import type { RunFolder } from './folder.ts';
import type { Prepared, Sources, Trainable } from './trainable.ts';

/** The content of config.json. */
export interface RunConfig<Options extends TrainOptions = TrainOptions> {
  readonly unrolled: string;
  /** Default: a language model. */
  readonly task?: string;
  readonly options: Options;
  /** With absolute paths. */
  readonly files: readonly SourceFile[];
  /** The files that options name. */
  readonly named?: Readonly<Record<string, readonly SourceFile[]>>;
  readonly model: object;
  /** Inputs to try, of its data. */
  readonly examples?: Json;
  /** The copy in the run's folder, where the cell is from a file. */
  readonly cell?: CellCopy;
}

/** The task of runs whose config.json names none. */
const firstTask = 'language-model';

/** The task of a run, as its config.json names it. @throws Failure if the file is damaged */
export function taskOfRun(folder: RunFolder): string {
  return (folder.readJson('config.json') as Partial<RunConfig> | null)?.task ?? firstTask;
}

/** The copy of a run's cell, as its config.json names it. @throws Failure if the file is damaged */
export function cellCopyOf(folder: RunFolder): CellCopy | undefined {
  const { file, sha256 } = (folder.readJson('config.json') as Partial<RunConfig> | null)?.cell ?? {};
  return typeof file === 'string' && typeof sha256 === 'string' ? { file, sha256 } : undefined;
}

export function newConfig<Options extends TrainOptions>(
  { task }: { readonly task: string },
  { options, model, examples }: Prepared<Options>,
  sources: Sources,
  own: CellFile | null,
): RunConfig<Options> {
  return {
    unrolled: version,
    task,
    options,
    ...filesOf(sources),
    model,
    ...(examples !== undefined && { examples }),
    ...(own && { cell: { file: own.copyName, sha256: own.sha256 } }),
  };
}

/** Where a run's files are now. */
export function filesOf({ main, named }: Sources): Pick<RunConfig, 'files' | 'named'> {
  const absolute = (files: readonly SourceFile[]): SourceFile[] =>
    files.map((file) => (file.piped ? file : { ...file, path: resolve(file.path) }));
  const others = Object.entries(named).map(([name, { files }]) => [name, absolute(files)] as const);
  return { files: absolute(main.files), ...(others.length > 0 && { named: Object.fromEntries(others) }) };
}

/** @throws Failure naming the first file whose content differs from that at the start of the run */
export function checkSameFiles({ files, named = {} }: RunConfig, sources: Sources): void {
  check(files, sources.main.files);
  for (const [name, stored] of Object.entries(named)) check(stored, sources.named[name]?.files ?? []);
}

function check(stored: readonly SourceFile[], given: readonly SourceFile[]): void {
  const changed = given.find(({ sha256 }, index) => sha256 !== stored[index]?.sha256);
  const other = changed ? changed.path : given.length < stored.length ? stored[given.length].path : null;
  if (other !== null) {
    throw new Failure(`resume: ${other} is not the file this run was trained on; give the same ones`);
  }
}

/** @throws Failure if the file is missing, damaged, of another task, or lacks something a run needs */
export function readConfig<Options extends TrainOptions, Files extends SourceFiles>(
  folder: RunFolder,
  { task, command, defaults, optional, fileOptions }: Trainable<Options, Files>,
): RunConfig<Options> {
  const stored = folder.readJson('config.json') as Partial<RunConfig<Options>> | null;
  const config = stored && { ...stored, ...currentNames(command, stored) };
  const found = config?.task ?? firstTask;
  if (found !== task) {
    if (found === 'search') {
      const { search } = config as { readonly search?: string };
      throw new Failure(
        `${folder.path}: this is the folder of a search; use npx unrolled search ${search} --resume ${shellWord(folder.path)}`,
        2,
      );
    }
    const other = found === firstTask ? '' : `${commandOf(found)} `;
    throw new Failure(
      `${folder.path}: 'unrolled ${command}' cannot resume this run, its task is ${found}; ` +
        `use npx unrolled ${other}train --resume ${shellWord(folder.path)}`,
      2,
    );
  }
  const options = config?.options as Record<string, unknown> | undefined;
  const damaged = (what: string, instead = 'restore it'): Failure =>
    new Failure(`${join(folder.path, 'config.json')}: ${what}; ${instead}`);
  const lacking = Object.entries(defaults).find(([name, value]) => typeof options?.[name] !== typeof value)?.[0];
  if (lacking !== undefined || !isFiles(config?.files) || !Object.values(config?.named ?? {}).every(isFiles)) {
    const what = lacking === undefined ? 'files' : `options.${lacking}`;
    throw damaged(`${what} is missing or has the wrong type`, 'restore it, or start a new run with --out');
  }
  const files = Object.fromEntries(fileOptions.map((name) => [name, 'string']));
  for (const [name, type] of Object.entries({ ...optional, ...files, ...lasting, ...changeable })) {
    const value = options?.[name];
    if (value === undefined) continue;
    if (typeof value !== type) throw damaged(`options.${name} is ${JSON.stringify(value)}, not a ${type}`);
    if (Object.hasOwn(changeable, name) && Number(value) < 0) throw damaged(`options.${name} is ${value}`);
  }
  if ('cell' in defaults && !parseCell(String(options?.cell)) && !cellCopyOf(folder)) {
    throw damaged('the file of its cell is missing');
  }
  return config as RunConfig<Options>;
}

/** For runs started before an option was renamed. */
function currentNames(command: string, { options, named }: Partial<RunConfig>): object {
  const isRecord = (value: unknown): value is Record<string, never> => typeof value === 'object' && value !== null;
  return {
    ...(isRecord(options) && { options: withCurrentNames(command, options) }),
    ...(isRecord(named) && { named: withCurrentNames(command, named) }),
  };
}

const isFiles = (files: unknown): boolean =>
  Array.isArray(files) &&
  files.length > 0 &&
  files.every((file: Partial<SourceFile> | null) => typeof file?.path === 'string');
