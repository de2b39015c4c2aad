import { join, resolve } from 'node:path';
import { parseCell } from 'unrolled/nn';
import type { Json } from 'unrolled/train';
import type { CellCopy, CellFile } from './cell-file.ts';

import { Failure } from './failure.ts';
import { type CommonOptions, changeable } from './options.ts';
import { withCurrentNames } from './renamed-options.ts';
import type { RunFolder } from './run-folder.ts';
import type { TextFile } from './text-files.ts';
import type { Prepared, Sources, Trainable } from './trainable.ts';
import { shellWord } from './units.ts';
import { version } from './version.ts';

/** What config.json holds. */
export interface RunConfig<Options extends CommonOptions = CommonOptions> {
  readonly unrolled: string;
  /** What is learnt; a language model where it is left out. */
  readonly task?: string;
  readonly options: Options;
  /** With absolute paths. */
  readonly files: readonly TextFile[];
  /** The files that options name. */
  readonly named?: Readonly<Record<string, readonly TextFile[]>>;
  readonly model: Json;
  /** The copy in the run's folder, where the cell is from a file. */
  readonly cell?: CellCopy;
}

/** Of the runs whose config.json does not name their task. */
const firstTask = 'language-model';

/** What a run's config.json says of the copy of its cell. @throws Failure if the file is damaged */
export function cellCopyOf(folder: RunFolder): CellCopy | undefined {
  const { file, sha256 } = (folder.readJson('config.json') as Partial<RunConfig> | null)?.cell ?? {};
  return typeof file === 'string' && typeof sha256 === 'string' ? { file, sha256 } : undefined;
}

export function newConfig<Options extends CommonOptions>(
  { task }: Trainable<Options>,
  { options, model }: Prepared<Options>,
  { main, named }: Sources,
  own: CellFile | null,
): RunConfig<Options> {
  const absolute = (files: readonly TextFile[]): TextFile[] =>
    files.map((file) => (file.piped ? file : { ...file, path: resolve(file.path) }));
  const others = Object.entries(named).map(([name, { files }]) => [name, absolute(files)] as const);
  return {
    unrolled: version,
    task,
    options,
    files: absolute(main.files),
    ...(others.length > 0 && { named: Object.fromEntries(others) }),
    model,
    ...(own && { cell: { file: own.copyName, sha256: own.sha256 } }),
  };
}

/** @throws Failure naming the first file that is not what it was when the run began */
export function checkSameFiles({ files, named = {} }: RunConfig, sources: Sources): void {
  check(files, sources.main.files);
  for (const [name, stored] of Object.entries(named)) check(stored, sources.named[name]?.files ?? []);
}

function check(stored: readonly TextFile[], given: readonly TextFile[]): void {
  const changed = given.find(({ sha256 }, index) => sha256 !== stored[index]?.sha256);
  const other = changed ? changed.path : given.length < stored.length ? stored[given.length].path : null;
  if (other !== null) {
    throw new Failure(`resume: the text is not the one this run was trained on: ${other} differs; give the same files`);
  }
}

/** @throws Failure if the file is missing, damaged, of another task, or lacks something a run needs */
export function readConfig<Options extends CommonOptions>(
  folder: RunFolder,
  { task, command, defaults, optional, fileOptions }: Trainable<Options>,
): RunConfig<Options> {
  const stored = folder.readJson('config.json') as Partial<RunConfig<Options>> | null;
  const config = stored && { ...stored, ...currentNames(command, stored) };
  const found = config?.task ?? firstTask;
  if (found !== task) {
    const other = found === firstTask ? '' : `${found} `;
    throw new Failure(
      `${folder.path}: this run is of another task, ${found}, not for 'unrolled ${command}'; ` +
        `see npx unrolled ${other}train --resume ${shellWord(folder.path)}`,
      2,
    );
  }
  const options = config?.options as Record<string, unknown> | undefined;
  const damaged = (what: string, instead = 'restore it'): Failure =>
    new Failure(`${join(folder.path, 'config.json')}: ${what}; ${instead}`);
  const lacking = Object.entries(defaults).find(([name, value]) => typeof options?.[name] !== typeof value)?.[0];
  if (lacking !== undefined || !isFiles(config?.files) || !Object.values(config?.named ?? {}).every(isFiles)) {
    const what = lacking === undefined ? 'files' : `options.${lacking}`;
    throw damaged(`it was altered, ${what} is not what a run has there`, 'restore it, or train anew with --out');
  }
  for (const name of changeable) {
    const value = options?.[name];
    const fits = name === 'keepCheckpoints' ? typeof value === 'boolean' : typeof value === 'number' && value >= 0;
    if (value !== undefined && !fits) {
      throw damaged(`options.${name} is ${JSON.stringify(value)}`);
    }
  }
  const types = { ...optional, ...Object.fromEntries(fileOptions.map((name) => [name, 'string'])), blas: 'string' };
  for (const [name, type] of Object.entries(types)) {
    if (options?.[name] !== undefined && typeof options[name] !== type) throw damaged(`options.${name} is no ${type}`);
  }
  if (!parseCell(String(options?.cell)) && !cellCopyOf(folder)) {
    throw damaged('it does not say which file the cell is in');
  }
  return config as RunConfig<Options>;
}

/** Of a run that was begun before an option was renamed. */
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
  files.every((file: Partial<TextFile> | null) => typeof file?.path === 'string');
